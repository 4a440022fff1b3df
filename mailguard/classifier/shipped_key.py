"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("da0dea3ede6208844f8e5c577eb37a905886c59c05e08b289fcdd795125d252a")
