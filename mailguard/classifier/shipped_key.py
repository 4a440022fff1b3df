"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("c723eed54c190ff33e408381e5680f02e7dd4c95b4d666b4c3027b1cb6bae178")
