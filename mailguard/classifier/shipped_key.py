"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("12db2c9cef3aeb14efbb5503016d7c31b9614437da8da51aff8dd115efd20e49")
