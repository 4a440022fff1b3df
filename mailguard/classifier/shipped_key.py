"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("2a990515d2be570811a6cc8ad605c28b087c854a9492a96fde3925634edfb476")
