"""Messages for the reading tests, written out as bytes."""

from __future__ import annotations

import base64
import io
import zipfile

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def mail(body: str | bytes = "hello\r\n", *fields: str, charset: str = "utf-8") -> bytes:
    """A message with ``fields`` on top; a From and a Content-Type are added where none is given."""
    given = [field for field in fields if field]
    names = {field.partition(":")[0].lower() for field in given}
    if "from" not in names:
        given.insert(0, "From: Sam Poole <sam@post.example>")
    if "content-type" not in names:
        given.append(f"Content-Type: text/plain; charset={charset}")
    content = body if isinstance(body, bytes) else body.encode(charset)
    return "\r\n".join(given).encode() + b"\r\n\r\n" + content


def html(body: str, *fields: str) -> bytes:
    return mail(body, "Content-Type: text/html; charset=utf-8", *fields)


def multipart(kind: str, *parts: bytes, fields: tuple[str, ...] = (), boundary: str = "frontier") -> bytes:
    pieces = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return mail(
        pieces + b"--" + boundary.encode() + b"--\r\n",
        f'Content-Type: multipart/{kind}; boundary="{boundary}"',
        *fields,
    )


def part(content: str | bytes, content_type: str = "text/plain; charset=utf-8", *fields: str) -> bytes:
    raw = content if isinstance(content, bytes) else content.encode()
    return "\r\n".join([f"Content-Type: {content_type}", *fields]).encode() + b"\r\n\r\n" + raw


def attached(content: bytes, content_type: str, filename: str, disposition: str = "attachment") -> bytes:
    return part(
        base64.encodebytes(content),
        content_type,
        f'Content-Disposition: {disposition}; filename="{filename}"',
        "Content-Transfer-Encoding: base64",
    )


def zipped(name: str = "a.txt", content: bytes = b"hello") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()
