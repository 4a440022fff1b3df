"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("d337cc42810a1fc75044795b8e4739b31f3fe771a2463591e2edefe8135077a6")
