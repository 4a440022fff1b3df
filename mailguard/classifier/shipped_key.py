"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("616631c56bdb835fe4dc3551ecc10ae3635da7ab1029cdf6c9dadd5ceb4fd620")
