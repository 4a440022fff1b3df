"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("4f1cfcf0c40f8174a256b314526ca35e37e109cb5742d1bd083cf6588ca86205")
