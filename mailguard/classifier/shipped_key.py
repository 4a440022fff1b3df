"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("31bed341984f7a2e73924662e30c78ab38391c11b5ef49942692a1cb769a113b")
