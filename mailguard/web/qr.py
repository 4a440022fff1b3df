"""QR codes as pictures inside the page: nothing is fetched, and what they say never stands in an address."""

from __future__ import annotations

import segno


def qr_address(text: str) -> str:
    """A data: address of an SVG, black on white in dark mode too, for phones to read."""
    code = segno.make(text, error="m", micro=False)
    address: str = code.svg_data_uri(scale=4, border=2, dark="#000000", light="#ffffff")
    return address
