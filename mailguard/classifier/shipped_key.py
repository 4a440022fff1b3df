"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("5649e478c5827af15b63dee0b3d7fce96c0016f9025e7f040444091d4d07648d")
