"""What a DKIM-Signature says without its key: evidence for when the key is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.message import AuthenticationResult, DkimSignature
from mailguard.reading.authentication import read_authentication
from mailguard.reading.dkim_signature import MOST_SIGNATURES, read_signature, read_signatures
from mailguard.reading.message import read

VALUE = " v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=Inbox.Test; s=sel2026; h=from:subject; bh=AbC=;\r\n b=dGVzdA=="


def test_domain_selector_and_algorithm_are_read_from_a_folded_field() -> None:
    assert read_signature(VALUE) == DkimSignature(
        domain="inbox.test", selector="sel2026", algorithm="rsa-sha256", body_hash="AbC="
    )


def test_a_signature_over_part_of_the_body_says_so() -> None:
    assert read_signature(VALUE + "; l=20").is_partial


def test_the_topmost_signatures_are_kept_and_no_more() -> None:
    headers = [("dkim-signature", f"d=d{number}.test; s=s; a=a") for number in range(40)]
    found = read_signatures([("from", "a@b.test"), *headers])
    assert [each.domain for each in found] == [f"d{number}.test" for number in range(MOST_SIGNATURES)]


@pytest.mark.parametrize("value", ["", "d=a.test", "s=only", "d=;s=", "no tags at all", "=;;=="])
def test_what_names_no_key_is_no_signature(value: str) -> None:
    assert read_signatures([("dkim-signature", value)]) == ()


@given(st.text(max_size=400))
def test_any_text_can_be_read_and_stays_bounded_and_printable(value: str) -> None:
    found = read_signature(value + ";s=" + value * 9)
    for text in (found.domain, found.selector, found.algorithm, found.body_hash):
        assert len(text) <= 300
        assert text.isprintable()


def test_a_message_keeps_what_trusted_servers_stated_and_not_what_a_forger_wrote() -> None:
    headers = [
        ("authentication-results", "mx.hill.example;\r\n dkim=pass header.d=inbox.test"),
        ("received", "from x"),
        ("authentication-results", "mx.hill.example; dkim=pass header.d=bank.test"),
        ("authentication-results", "evil.example; dkim=pass"),
        ("dkim-signature", VALUE),
    ]
    found = read_authentication(headers, (), {"MX.hill.example"})
    assert found.stated == ("mx.hill.example; dkim=pass header.d=inbox.test",)
    assert [each.domain for each in found.signatures] == ["inbox.test"]
    assert found.signatures[0].key is None
    assert found.signatures[0].result is AuthenticationResult.NONE


def test_signatures_are_read_where_nobody_is_trusted_too() -> None:
    raw = f"DKIM-Signature: {VALUE}\r\nFrom: Harvey <harvey@inbox.test>\r\n\r\nhi\r\n".encode()
    facts = read(raw, trusted_authserv_ids=frozenset())
    assert [(each.domain, each.selector) for each in facts.authentication.signatures] == [
        ("inbox.test", "sel2026")
    ]
    assert facts.authentication.stated == ()
