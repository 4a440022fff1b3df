"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("aa1b50e72a562f625780125b7e2933bf6573f7b5d5819f31163c97e0fb878693")
