"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("3328f5c23fe1cfe4387741bc1ec63f28890cbc46acbac385b5c45d9c57af94c5")
