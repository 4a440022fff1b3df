"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("aff330f4426ac04e258fe60a66a8c17eb31d363aab458eb65593dc6d45b9e287")
