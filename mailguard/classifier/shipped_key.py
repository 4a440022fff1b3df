"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("4b116c28296c08df82ac5680cb06d5d9f827c592cb42eaedaa2300c0a64cc667")
