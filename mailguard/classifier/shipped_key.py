"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("5b1f1df0511e76c00ce78657b67150104a121561de1f86b7fbe8171b979ed47f")
