"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("6169974a61da75c82a3760a31565851bd6a74010c0bdd32f80d496e3b15320fa")
