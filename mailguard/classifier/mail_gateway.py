"""What security gateways do to links: addresses of theirs in place of the writer's, which stand inside, hashed or not."""

from __future__ import annotations

import random
from urllib.parse import quote

from mailguard.classifier.mail_html import Rewrite


def unchanged(url: str) -> str:
    """No gateway."""
    return url


def gateway(rng: random.Random) -> Rewrite:
    """One gateway's way with every link of a mail. Like the real ones, at hosts that cannot exist."""
    number, key = f"{rng.getrandbits(64):016x}", f"{rng.getrandbits(160):040x}"
    region = rng.choice(("eur01", "eur03", "gbr01", "nam12"))

    def safe_links(url: str) -> str:
        return (
            f"https://{region}.safelinks.example/?url={quote(url, safe='')}&data=05%7C02%7C%7C{number}%7C0%7C0"
            f"&sdata={key}%3D&reserved=0"
        )

    def defended(url: str) -> str:
        return f"https://urldefense.example/v3/__{url}__;!!{number}!{key}$"

    def hashed(url: str) -> str:
        host = url.partition("://")[2].partition("/")[0]
        return f"https://protect-eu.mailgate.example/s/{key[:20]}?domain={host}"

    def asked(url: str) -> str:
        return f"https://linkprotect.guardpost.example/url?a={quote(url, safe='')}&c=E,1,{key[:24]}&typo=1"

    return rng.choice((safe_links, safe_links, defended, hashed, asked))
