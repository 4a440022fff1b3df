"""A screenshot as a small PNG: 96 colours at most, which is plenty for pages of text.

Chromium itself counts the colours, in a blank page: it has the pixels, and is quick.
"""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

_COUNT_COLOURS = """
async (source) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 96).map(([pixel]) => pixel);
  const place = new Map(palette.map((pixel, index) => [pixel, index]));
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const known = palette.map(parts);
  for (const pixel of counts.keys()) {
    if (place.has(pixel)) continue;
    const [r, g, b] = parts(pixel);
    let best = 0, least = Infinity;
    known.forEach(([kr, kg, kb], index) => {
      const far = (r - kr) ** 2 + (g - kg) ** 2 + (b - kb) ** 2;
      if (far < least) { least = far; best = index; }
    });
    place.set(pixel, best);
  }
  const indexes = Uint8Array.from(pixels, (pixel) => place.get(pixel));
  let text = '';
  for (let at = 0; at < indexes.length; at += 32768) {
    text += String.fromCharCode(...indexes.subarray(at, at + 32768));
  }
  return {width: image.width, height: image.height, palette: known.flat(), indexes: btoa(text)};
}
"""


def small_png(blank: Page, png: bytes) -> bytes:
    """``png`` with a palette. ``blank``: any page that may run scripts."""
    found = blank.evaluate(_COUNT_COLOURS, base64.b64encode(png).decode("ascii"))
    width, height = int(found["width"]), int(found["height"])
    indexes = base64.b64decode(found["indexes"])
    rows = b"".join(b"\0" + indexes[row * width : (row + 1) * width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(found["palette"])),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
