from __future__ import annotations

import pytest

from mailguard.reading.mailboxes import read_mailboxes
from mailguard.reading.message import read
from tests.unit.reading.composing import mail


def pairs(value: str) -> list[tuple[str, str]]:
    return [(mailbox.address, mailbox.display_name) for mailbox in read_mailboxes(value, "From", 100)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@x.example", [("a@x.example", "")]),
        ("<a@x.example>", [("a@x.example", "")]),
        ("Ann Lee <a@x.example>", [("a@x.example", "Ann Lee")]),
        ('"Lee, Ann" <a@x.example>, b@x.example', [("a@x.example", "Lee, Ann"), ("b@x.example", "")]),
        ("Lee, Ann <a@x.example>", [("a@x.example", "Lee, Ann")]),
        ("a@x.example (Ann Lee)", [("a@x.example", "Ann Lee")]),
        ("a(one (nested) comment)@x.example", [("a@x.example", "one (nested) comment")]),
        ("Staff: a@x.example, B <b@x.example>;", [("a@x.example", ""), ("b@x.example", "B")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@other.example:a@x.example>", [("a@x.example", "")]),
        ('"ann lee"@x.example', [('"ann lee"@x.example', "")]),
        ('"ann"@x.example', [("ann@x.example", "")]),
        ("Ann <mailto:a@x.example>", [("a@x.example", "Ann")]),
        ("Ann [mailto:a@x.example]", [("a@x.example", "Ann")]),
        ("<'a@x.example'>", [("a@x.example", "")]),
        ("Ann <<a@x.example>>", [("a@x.example", "Ann")]),
        ("Ann <a@x.example", [("a@x.example", "Ann")]),
        ('"Ann <a@x.example>', [("a@x.example", "Ann")]),
        ("Ann < a @ x . example >", [("a@x.example", "Ann")]),
        ("a @ x . example", [("a@x.example", "")]),
        ("Ann <a@x.example> <b@x.example>", [("a@x.example", "Ann"), ("b@x.example", "Ann")]),
        ("=?utf-8?q?Si=C3=A2n?= <a@x.example>", [("a@x.example", "Siân")]),
        ("=?utf-8?q?Lee,_Ann?= <a@x.example>", [("a@x.example", "Lee, Ann")]),
        ('"=?utf-8?q?Si=C3=A2n?=" <a@x.example>', [("a@x.example", "Siân")]),
        ("=?utf-8?q?Ann_=3Ca=40x=2Eexample=3E?=", [("a@x.example", "Ann")]),
        ("<=?utf-8?q?a=40x=2Eexample?=>", [("a@x.example", "")]),
        ("a@x.example; b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("A.Name@X.Example", [("A.Name@X.Example", "")]),
        ("a\u200b@x.example", [("a@x.example", "")]),
        ("no address here", [("", "no address here")]),
        ("<>", []),
        ("", []),
    ],
)
def test_a_mailbox_is_found_however_the_field_is_written(value: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(value) == expected


def test_every_from_field_counts() -> None:
    facts = read(mail("x", "From: one@x.example", "FROM : Two <two@x.example>", "Sender: three@x.example"))
    assert [mailbox.address for mailbox in facts.named("From")] == ["one@x.example", "two@x.example"]
    assert [mailbox.address for mailbox in facts.named("Sender")] == ["three@x.example"]


def test_folded_and_raw_eight_bit_names_are_read() -> None:
    raw = b"From: Zo\xeb\r\n  Hart\r\n\t<zoe@x.example>\r\nSubject: caf\xe9\r\n\r\nhi"
    facts = read(raw)
    assert facts.mailboxes[0].display_name.split() == ["Zoë", "Hart"]
    assert facts.mailboxes[0].address == "zoe@x.example"
    assert facts.subject == "café"


@pytest.mark.parametrize(
    "noise",
    ["<" * 50_000, '"' * 50_001, "(" * 50_000, "a," * 50_000, ":;" * 50_000, "=?" * 50_000, "@" * 50_000],
)
@pytest.mark.timeout(20)
def test_hostile_fields_take_linear_time(noise: str) -> None:
    assert len(read_mailboxes(noise, "To", 2_000)) <= 2_000
