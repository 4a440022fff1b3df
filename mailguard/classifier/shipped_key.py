"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("3277300478b2ceb3fd782efa548a7bf4e0792e67ee0223436a4fe736e30d4975")
