"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("38f2cb27048cf07adfccedef380aba4b8c3aa8db0512dff0172ad13b365000eb")
