"""What a part is by its bytes: family, type, whether it is locked. Nothing is unpacked or executed.

SECURITY: names and declared types are the sender's claims; a magic number decides wherever there is one.
"""

from __future__ import annotations

import hashlib
import re

from mailguard.domain.message import Attachment, AttachmentFamily

_F = AttachmentFamily
_MAGIC: tuple[tuple[int, bytes, str, AttachmentFamily], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg", _F.IMAGE),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", _F.IMAGE),
    (0, b"GIF87a", "image/gif", _F.IMAGE),
    (0, b"GIF89a", "image/gif", _F.IMAGE),
    (0, b"II*\x00", "image/tiff", _F.IMAGE),
    (0, b"MM\x00*", "image/tiff", _F.IMAGE),
    (0, b"8BPS", "image/vnd.adobe.photoshop", _F.IMAGE),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon", _F.IMAGE),
    (0, b"\x00\x00\x00\x0cjP  ", "image/jp2", _F.IMAGE),
    (0, b"\xff\x0a", "image/jxl", _F.IMAGE),
    (0, b"\x00\x00\x00\x0cJXL ", "image/jxl", _F.IMAGE),
    (0, b"%PDF-", "application/pdf", _F.DOCUMENT),
    (0, b"%!PS", "application/postscript", _F.DOCUMENT),
    (0, b"{\\rtf", "application/rtf", _F.DOCUMENT),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", _F.ARCHIVE),
    (0, b"Rar!\x1a\x07", "application/vnd.rar", _F.ARCHIVE),
    (0, b"\x1f\x8b", "application/gzip", _F.ARCHIVE),
    (0, b"BZh", "application/x-bzip2", _F.ARCHIVE),
    (0, b"\xfd7zXZ\x00", "application/x-xz", _F.ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd", _F.ARCHIVE),
    (0, b"MSCF", "application/vnd.ms-cab-compressed", _F.ARCHIVE),
    (0, b"\x60\xea", "application/x-arj", _F.ARCHIVE),
    (257, b"ustar", "application/x-tar", _F.ARCHIVE),
    (0, b"ID3", "audio/mpeg", _F.AUDIO),
    (0, b"OggS", "audio/ogg", _F.AUDIO),
    (0, b"fLaC", "audio/flac", _F.AUDIO),
    (0, b"#!AMR", "audio/amr", _F.AUDIO),
    (0, b"MThd", "audio/midi", _F.AUDIO),
    (0, b"caff", "audio/x-caf", _F.AUDIO),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska", _F.VIDEO),
    (0, b"FLV\x01", "video/x-flv", _F.VIDEO),
    (0, b"\x00\x00\x01\xba", "video/mpeg", _F.VIDEO),
    (0, b"\x00\x00\x01\xb3", "video/mpeg", _F.VIDEO),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf", _F.VIDEO),
    (0, b"MZ", "application/vnd.microsoft.portable-executable", _F.EXECUTABLE),
    (0, b"\x7fELF", "application/x-elf", _F.EXECUTABLE),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary", _F.EXECUTABLE),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm", _F.EXECUTABLE),
    (0, b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut", _F.EXECUTABLE),
    (0, b"BEGIN:VCALENDAR", "text/calendar", _F.CALENDAR),
    (0, b"-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted", _F.ENCRYPTED),
    (0, b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef", _F.OTHER),
)
_AFTER_RIFF = {
    b"WEBP": ("image/webp", _F.IMAGE),
    b"WAVE": ("audio/wav", _F.AUDIO),
    b"AVI ": ("video/x-msvideo", _F.VIDEO),
}
_IMAGE_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"heim", b"heis")
_DECLARED = (
    ("image/", _F.IMAGE),
    ("video/", _F.VIDEO),
    ("audio/", _F.AUDIO),
    ("text/calendar", _F.CALENDAR),
    ("text/", _F.TEXT),
    ("message/", _F.MESSAGE),
    ("application/ics", _F.CALENDAR),
    ("application/pgp-encrypted", _F.ENCRYPTED),
)
_EXTENSIONS = {
    **dict.fromkeys(
        ["jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp", "tif", "tiff", "avif", "svg"], _F.IMAGE
    ),
    **dict.fromkeys(["mp4", "mov", "avi", "mkv", "webm", "3gp", "wmv", "m4v", "mpg", "mpeg"], _F.VIDEO),
    **dict.fromkeys(["mp3", "m4a", "wav", "ogg", "opus", "amr", "aac", "flac", "wma"], _F.AUDIO),
    **dict.fromkeys(["zip", "rar", "7z", "gz", "tar", "tgz", "bz2", "xz", "cab", "iso"], _F.ARCHIVE),
    **dict.fromkeys(
        [
            "doc",
            "docx",
            "xls",
            "xlsx",
            "ppt",
            "pptx",
            "odt",
            "ods",
            "odp",
            "pdf",
            "rtf",
            "pages",
            "numbers",
            "key",
            "csv",
            "pub",
        ],
        _F.DOCUMENT,
    ),
    **dict.fromkeys(
        ["exe", "com", "scr", "bat", "cmd", "ps1", "vbs", "js", "jar", "msi", "apk", "lnk", "hta"],
        _F.EXECUTABLE,
    ),
    **dict.fromkeys(["ics", "vcs"], _F.CALENDAR),
    **dict.fromkeys(["eml", "msg"], _F.MESSAGE),
    **dict.fromkeys(["p7m", "gpg", "pgp", "asc"], _F.ENCRYPTED),
    **dict.fromkeys(["txt", "htm", "html", "md", "xml", "json"], _F.TEXT),
}
_OFFICE_ZIP = re.compile(
    rb"\A.{0,4}\[Content_Types\]\.xml|\A.{0,4}_rels/|\A.{0,4}(?:word|xl|ppt|docProps|customXml)/", re.DOTALL
)
_7Z_AES = b"\x06\xf1\x07\x01"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_ENVELOPED = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17")
_ZIP_ENTRIES = 2_000


def read_attachment(data: bytes, *, filename: str, declared_type: str, is_embedded: bool) -> Attachment:
    """The facts of one part from its decoded bytes. Never raises."""
    detected, family = detect(data, filename=filename, declared_type=declared_type)
    return Attachment(
        filename=filename,
        declared_type=declared_type,
        detected_type=detected,
        family=family,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        is_embedded=is_embedded,
        is_encrypted=family is _F.ENCRYPTED or is_locked(data, detected),
    )


def detect(data: bytes, *, filename: str, declared_type: str) -> tuple[str, AttachmentFamily]:
    """(type, family): by magic, else by the declared type, else by the name."""
    by_magic = _by_magic(data)
    if by_magic is not None:
        return by_magic
    if declared_type.startswith("application/") and "pkcs7-mime" in declared_type:
        return (declared_type, _F.OTHER) if _is_signed_only(data) else (declared_type, _F.ENCRYPTED)
    for prefix, family in _DECLARED:
        if declared_type.startswith(prefix):
            return declared_type, family
    extension = filename.rpartition(".")[2].lower()
    return declared_type, _EXTENSIONS.get(extension, _F.OTHER)


def _by_magic(data: bytes) -> tuple[str, AttachmentFamily] | None:
    head = data[:64]
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_kind(data)
    if head.startswith(_OLE):
        is_message = "__properties_version1.0".encode("utf-16-le") in data[:200_000]
        return (
            ("application/vnd.ms-outlook", _F.MESSAGE)
            if is_message
            else ("application/x-ole-storage", _F.DOCUMENT)
        )
    if head[:4] == b"RIFF" and head[8:12] in _AFTER_RIFF:
        return _AFTER_RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        if head[8:12] in _IMAGE_BRANDS:
            return "image/heif", _F.IMAGE
        return ("audio/mp4", _F.AUDIO) if head[8:11] == b"M4A" else ("video/mp4", _F.VIDEO)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "video/quicktime", _F.VIDEO
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and len(data) > 26:
        return "image/bmp", _F.IMAGE
    if len(head) > 3 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2, 0xFA, 0xF1, 0xF9):
        return "audio/mpeg", _F.AUDIO
    for offset, magic, name, family in _MAGIC:
        if data.startswith(magic, offset):
            return name, family
    start = head.lstrip()[:64].lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in data[:1_000]):
        return "image/svg+xml", _F.IMAGE
    return None


def _zip_kind(data: bytes) -> tuple[str, AttachmentFamily]:
    name = data[30:120]
    if name.startswith(b"mimetypeapplication/"):
        kind = re.match(rb"mimetype(application/[\w.+-]{1,80}?)(?:PK|$)", data[30:140])
        found = kind.group(1).decode("ascii") if kind else "application/zip"
        return found, _F.DOCUMENT
    if _OFFICE_ZIP.match(name):
        return "application/vnd.openxmlformats-officedocument", _F.DOCUMENT
    if name.startswith((b"META-INF/MANIFEST", b"AndroidManifest")):
        return "application/java-archive", _F.EXECUTABLE
    return "application/zip", _F.ARCHIVE


def is_locked(data: bytes, detected_type: str) -> bool:
    """True when a password is needed to see inside: zip, 7z, rar, PDF, Office."""
    if data[:2] == b"PK":
        return _is_locked_zip(data)
    if detected_type == "application/x-7z-compressed":
        # The coder ids stand in the header at the end; with plain file names it may be packed and then tells
        # nothing.
        return _7Z_AES in data[-65_536:]
    if detected_type == "application/vnd.rar":
        return _is_locked_rar(data)
    if detected_type == "application/pdf":
        return re.search(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)", data) is not None
    if detected_type == "application/x-ole-storage":
        return _ENCRYPTED_PACKAGE in data
    return False


def _is_locked_zip(data: bytes) -> bool:
    if len(data) > 8 and data[6] & 1:
        return True
    at = data.find(b"PK\x01\x02")
    for _ in range(_ZIP_ENTRIES):
        if at < 0 or at + 10 > len(data):
            return False
        if data[at + 8] & 1:
            return True
        at = data.find(b"PK\x01\x02", at + 4)
    return False


def _is_locked_rar(data: bytes) -> bool:
    if data.startswith(b"Rar!\x1a\x07\x01\x00"):
        # RAR 5: checksum, then the sizes and types of blocks as variable-length integers; type 4 is the
        # encryption header.
        at = 12
        while at < min(len(data), 24) and data[at] & 0x80:
            at += 1
        is_headers_locked = data[at + 1 : at + 2] == b"\x04"
        # A locked file has extra record type 1 near its header; its content is a version, flags and a salt.
        return (
            is_headers_locked or re.search(rb"[\x30-\x32]\x01\x00[\x00-\x03]\x0f", data[:4_096]) is not None
        )
    if len(data) < 26:
        return False
    return bool(data[10] & 0x80) or (data[22] == 0x74 and bool(data[23] & 0x04))


def _is_signed_only(data: bytes) -> bool:
    return (
        not any(marker in data[:200] for marker in _ENVELOPED)
        and b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in data[:200]
    )
