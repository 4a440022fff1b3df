"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("85d186915a466c21e3ec3a28b2836087e6eac86fd5b74fce3e1381aa2ac9ff74")
