"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("d1ad28fd4286ca393e08215d5f60c08aa6590d1d7125eaf56d260d7818ae41ec")
