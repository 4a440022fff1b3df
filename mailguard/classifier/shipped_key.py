"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("5517501c625e5907e7d58c46d836c64ff5fd6a66f426a7493351ecb117754d10")
