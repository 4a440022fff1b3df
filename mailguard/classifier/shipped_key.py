"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("5b394c9a201e9215773f738c0f49604f3e4a4f44715ccc49d5484ee0ac164f81")
