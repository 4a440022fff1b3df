"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("b5f6b6c2ddc34a155ba1fc2e38ebf2b37d29cf627d3f64526af96301892e6740")
