import base64
import hashlib

from mailguard.reading.message import read
from mailguard.reading.parts import file_of, html_of

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def letter() -> bytes:
    encoded = base64.encodebytes(PICTURE).decode().replace("\n", "\r\n")
    inner = "From: a@b.test\r\nContent-Type: text/html\r\n\r\n<p>inner</p>\r\n"
    return "\r\n".join(
        [
            "From: a@b.test",
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="m"',
            "",
            "--m",
            'Content-Type: multipart/alternative; boundary="a"',
            "",
            "--a",
            "Content-Type: text/plain",
            "",
            "hello",
            "--a",
            "Content-Type: text/html; charset=utf-8",
            "",
            "<p>hello</p>",
            "--a--",
            "--m",
            "Content-Type: message/rfc822",
            "",
            inner,
            "--m",
            'Content-Type: image/png; name="cat.png"',
            "Content-Transfer-Encoding: base64",
            "",
            encoded,
            "--m--",
            "",
        ]
    ).encode()


def test_the_html_is_the_messages_own_and_not_that_of_a_forwarded_one():
    assert html_of(letter()).strip() == "<p>hello</p>"


def test_a_message_without_html_has_none():
    assert html_of(b"From: a@b.test\r\n\r\nhello\r\n") == ""


def test_every_file_that_is_listed_can_be_taken_out_by_its_hash():
    raw = letter()
    listed = read(raw).attachments
    assert [part.filename for part in listed] == ["", "cat.png"]
    for part in listed:
        found = file_of(raw, part.sha256)
        assert found is not None
        assert found[0] == part
        assert hashlib.sha256(found[1]).hexdigest() == part.sha256
    assert file_of(raw, listed[1].sha256) == (listed[1], PICTURE)


def test_an_unknown_hash_gives_nothing():
    assert file_of(letter(), "0" * 64) is None


def test_a_file_inside_the_text_is_found_too():
    raw = b"From: a@b.test\r\n\r\nlook\r\nbegin 644 cat.txt\r\n#8V%T\r\n`\r\nend\r\n"
    (part,) = read(raw).attachments
    found = file_of(raw, part.sha256)
    assert found is not None
    assert found[1] == b"cat"
