"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("ce82b7b55d9c240c25192f38341835fd5f32a7701ecda13648a6bb4e5009c47f")
