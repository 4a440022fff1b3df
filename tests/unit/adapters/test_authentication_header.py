"""From domains and signatures in raw headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.authentication_header import HeaderBlock


def from_domains(*values: str) -> tuple[str, ...]:
    raw = "".join(f"From: {value}\r\n" for value in values) + "\r\nFrom: not@this.test\r\n"
    return HeaderBlock.read(raw.encode()).from_domains()


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        ("a@b.test", ("b.test",)),
        ("A B <a@B.Test>", ("b.test",)),
        ('"fake@trusted.test" <a@b.test>', ("b.test",)),
        ("fake@trusted.test <a@b.test>", ("b.test",)),
        ("a@b.test (me@c.test (nested@d.test))", ("b.test",)),
        ("a@b.test,\r\n\tC <c@d.test>", ("b.test", "d.test")),
        ('"odd @ name"@b.test', ("b.test",)),
        ("Zoë <zoe@bücher.test>", ("xn--bcher-kva.test",)),
        ("a@[192.0.2.1]", ()),
        ("nobody", ()),
        ("", ()),
        ("<@>", ()),
    ],
)
def test_domains_of_one_from_field(value: str, domains: tuple[str, ...]) -> None:
    assert from_domains(value) == domains


def test_all_from_fields_count() -> None:
    assert from_domains("a@b.test", "c@d.test") == ("b.test", "d.test")


@given(raw=st.binary(max_size=300))
def test_any_header_can_be_read(raw: bytes) -> None:
    header = HeaderBlock.read(b"From: " + raw + b"\r\nDKIM-Signature: s=a; d=b.test;" + raw)
    assert len(header.from_domains()) <= 3
    assert len(header.signatures()) <= 5
