"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("b8371a52ef7be6c1fa42fdf756fdc8ceb9391b9b7c0218b49d64c2327f53c80f")
