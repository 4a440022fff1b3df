"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("549e0886ee14b210d4f40e3fb571643d2ff90e4f3b1c91dde7559de3436c561e")
