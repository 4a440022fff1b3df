"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("ff851448f49dfd708586a20e479724d00933afdddea81f1da1fcbaba170d18e7")
