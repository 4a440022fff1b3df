"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("bb64e8ccb57a1c4a29aea2f5dad90022252f00ce5326ce6491ea8b638aa41b1e")
