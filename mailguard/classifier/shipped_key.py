"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("703668d76d0a09c587afeb460754a751508694c4383ab5010b8fd03d7f07c1fb")
