"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("24197af957468ef2ed2de85ead2a71ae1989867fa49201442a7764e02a669330")
