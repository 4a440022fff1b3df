"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("3744ed3fff032d1d523826ac978b855cf126cf776d3763063a8970d1261128d0")
