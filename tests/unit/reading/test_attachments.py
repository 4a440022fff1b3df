from __future__ import annotations

import struct

import pytest

from mailguard.domain.message import AttachmentFamily
from mailguard.reading.attachments import read_attachment
from mailguard.reading.message import read
from tests.unit.reading.composing import PNG, attached, html, mail, multipart, part, zipped

F = AttachmentFamily
LOCKED_ZIP = zipped()[:6] + b"\x01" + zipped()[7:]
LOCKED_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
ENVELOPED = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80"
SIGNED = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80"


@pytest.mark.parametrize(
    ("data", "family", "is_encrypted"),
    [
        (PNG, F.IMAGE, False),
        (b"\xff\xd8\xff\xe0abc", F.IMAGE, False),
        (b"RIFF\0\0\0\0WEBPVP8 ", F.IMAGE, False),
        (b"\0\0\0\x18ftypheic\0\0", F.IMAGE, False),
        (b"<?xml version='1.0'?><svg/>", F.IMAGE, False),
        (b"\0\0\0\x18ftypisom\0\0", F.VIDEO, False),
        (b"\x1aE\xdf\xa3\x01", F.VIDEO, False),
        (b"\0\0\0\x18ftypM4A \0\0", F.AUDIO, False),
        (b"OggS\0", F.AUDIO, False),
        (b"#!AMR\n", F.AUDIO, False),
        (b"ID3\x03", F.AUDIO, False),
        (zipped(), F.ARCHIVE, False),
        (LOCKED_ZIP, F.ARCHIVE, True),
        (zipped("[Content_Types].xml"), F.DOCUMENT, False),
        (zipped("META-INF/MANIFEST.MF"), F.EXECUTABLE, False),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 60, F.ARCHIVE, False),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 60 + b"\x24\x06\xf1\x07\x01", F.ARCHIVE, True),
        (b"Rar!\x1a\x07\x00" + b"\xcf\x90\x73\x00\x00\x0d\x00" + b"\0" * 20, F.ARCHIVE, False),
        (b"Rar!\x1a\x07\x00" + b"\xcf\x90\x73\x80\x00\x0d\x00" + b"\0" * 20, F.ARCHIVE, True),
        (b"Rar!\x1a\x07\x01\x00" + b"\x11\x22\x33\x44\x21\x04\x00", F.ARCHIVE, True),
        (b"\x1f\x8b\x08abc", F.ARCHIVE, False),
        (b"%PDF-1.7\ntrailer <</Root 1 0 R>>", F.DOCUMENT, False),
        (b"%PDF-1.7\ntrailer <</Encrypt 5 0 R>>", F.DOCUMENT, True),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, F.DOCUMENT, False),
        (LOCKED_OFFICE, F.DOCUMENT, True),
        (b"MZ\x90\0", F.EXECUTABLE, False),
        (b"\x7fELF\x02", F.EXECUTABLE, False),
        (b"BEGIN:VCALENDAR\r\n", F.CALENDAR, False),
        (b"-----BEGIN PGP MESSAGE-----\n", F.ENCRYPTED, True),
        (b"", F.OTHER, False),
        (b"who knows", F.OTHER, False),
    ],
)
def test_bytes_decide_what_a_part_is(data: bytes, family: AttachmentFamily, is_encrypted: bool) -> None:
    found = read_attachment(
        data, filename="harmless.bin", declared_type="application/octet-stream", is_embedded=False
    )
    assert (found.family, found.is_encrypted) == (family, is_encrypted)


def test_the_name_and_declared_type_decide_only_without_magic() -> None:
    lying = read_attachment(b"MZ\x90", filename="holiday.jpg", declared_type="image/jpeg", is_embedded=False)
    assert lying.family is F.EXECUTABLE
    assert (
        read_attachment(b"??", filename="a.bin", declared_type="image/x-odd", is_embedded=False).family
        is F.IMAGE
    )
    assert (
        read_attachment(
            b"??", filename="a.MOV", declared_type="application/octet-stream", is_embedded=False
        ).family
        is F.VIDEO
    )


def test_size_hash_and_name_are_of_the_decoded_part() -> None:
    facts = read(multipart("mixed", part("see"), attached(PNG, "image/png", "=?utf-8?q?caf=C3=A9.png?=")))
    found = facts.attachments[0]
    assert (found.filename, found.size_bytes, found.is_embedded) == ("café.png", len(PNG), False)
    assert len(found.sha256) == 64


def test_a_picture_inside_the_text_is_embedded() -> None:
    body = html('<img src="cid:1">').partition(b"\r\n\r\n")[2]
    facts = read(
        multipart(
            "related",
            part(body, "text/html"),
            attached(PNG, "image/png", "a.png", "inline"),
            part(PNG, "image/png", "Content-ID: <2>"),
        )
    )
    assert [one.is_embedded for one in facts.attachments] == [True, True]


@pytest.mark.parametrize(
    "raw",
    [
        mail(ENVELOPED, "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"),
        multipart("mixed", part(ENVELOPED, "application/x-pkcs7-mime; name=smime.p7m")),
        multipart(
            "encrypted",
            part("Version: 1", "application/pgp-encrypted"),
            part("-----BEGIN PGP MESSAGE-----\r\n", "application/octet-stream"),
        ),
        mail("-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n-----END PGP MESSAGE-----\r\n"),
    ],
)
def test_locked_mail_is_encrypted(raw: bytes) -> None:
    facts = read(raw)
    assert facts.is_encrypted
    assert facts.is_readable


def test_a_locked_archive_does_not_make_the_mail_encrypted() -> None:
    facts = read(
        multipart("mixed", part("the password is conkers"), attached(LOCKED_ZIP, "application/zip", "a.zip"))
    )
    assert not facts.is_encrypted
    assert facts.attachments[0].is_encrypted


def test_an_opaque_signature_does_not_hide_the_words() -> None:
    inner = b"Content-Type: text/plain\r\n\r\nsigned words\r\n"
    facts = read(
        mail(
            SIGNED + b"\x24\x80\x04\x30" + inner,
            "Content-Type: application/pkcs7-mime; smime-type=signed-data",
        )
    )
    assert facts.own_text.startswith("signed words")
    assert not facts.is_encrypted


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    raw = struct.pack("<IH", 0x223E9F78, 1)
    for level, identity, value in attributes:
        raw += (
            struct.pack("<BII", level, identity, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
        )
    return raw


def test_winmail_dat_gives_its_text_and_files() -> None:
    stream = tnef(
        (1, 0x0002800C, b"words inside\0"),
        (2, 0x00069002, b"\0" * 14),
        (2, 0x00018010, b"photo.png\0"),
        (2, 0x0006800F, PNG),
    )
    facts = read(multipart("mixed", part("words"), attached(stream, "application/ms-tnef", "winmail.dat")))
    assert facts.own_text == "words\nwords inside"
    assert [(one.filename, one.family) for one in facts.attachments] == [
        ("photo.png", F.IMAGE),
        ("winmail.dat", F.OTHER),
    ]


def test_broken_winmail_dat_is_only_an_attachment() -> None:
    stream = tnef((1, 0x0002800C, b"words inside\0"), (1, 0x00069003, b"\xff" * 40))
    for cut in range(0, len(stream), 3):
        facts = read(
            multipart("mixed", part("words"), attached(stream[:cut], "application/ms-tnef", "winmail.dat"))
        )
        assert facts.is_readable
        assert not any(defect.startswith("reading-fault") for defect in facts.defects)
