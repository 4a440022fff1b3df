import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.keys import is_genuine_signature, public_key_of
from mailguard.domain.audit import (
    AuditEvent,
    AuditHead,
    VerifierKey,
    event_from_json,
    event_to_json,
    link,
    origin,
    parse_verifier_key,
    read_checkpoint,
    verify,
    write_checkpoint,
)
from tests.storing import START

SECRET = bytes(range(32))
KEY = VerifierKey(name=origin("st-oswins"), public_key=public_key_of(SECRET))


def sign(message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(SECRET).sign(message)


def chain(length: int) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    head = AuditHead()
    for number in range(length):
        event = link(
            head,
            school="st-oswins",
            at=START,
            tag="test:chain:grown",
            actor="S0001",
            case_id="",
            detail={"number": number},
        )
        events.append(event)
        head = AuditHead(size=event.seq, hash=event.hash)
    return events


def note_over(events: list[AuditEvent]) -> str:
    head = AuditHead(size=len(events), hash=events[-1].hash) if events else AuditHead()
    return write_checkpoint(head, school="st-oswins", at=START, public_key=KEY.public_key, sign=sign)


def check(events: list[AuditEvent], *notes: str):
    return verify(events, notes=notes, key=KEY, is_genuine=is_genuine_signature)


def test_the_hash_of_an_event_is_what_the_documentation_says():
    """Computed by hand once, so that no release changes what old trails hash to."""
    import hashlib

    (event,) = chain(1)
    text = (
        '{"actor":"S0001","at":"2026-09-28T22:40:00.000000Z","case_id":"","detail":{"number":0},'
        f'"previous":"{"0" * 64}","school":"st-oswins","seq":1,"tag":"test:chain:grown"}}'
    )
    assert event.hash == hashlib.sha256(text.encode()).hexdigest()


@given(st.data())
def test_any_one_change_to_a_trail_with_a_checkpoint_is_found(data: st.DataObject):
    events = chain(6)
    note = note_over(events)
    position = data.draw(st.integers(0, 5))
    changed = list(events)
    match data.draw(st.sampled_from(["alter", "remove", "swap", "repeat", "cut"])):
        case "alter":
            fields = event_to_json(events[position])
            name = data.draw(st.sampled_from(["school", "tag", "actor", "case_id", "previous", "hash"]))
            changed[position] = event_from_json(fields | {name: fields[name] + "x"})
        case "remove":
            del changed[position]
        case "swap":
            other = (position + 1) % 6
            changed[position], changed[other] = changed[other], changed[position]
        case "repeat":
            changed.insert(position, events[position])
        case _:
            del changed[position:]
    assert check(events, note).is_intact
    assert not check(changed, note).is_intact


def test_a_trail_that_was_hashed_anew_from_a_change_on_does_not_fit_its_checkpoint():
    events = chain(6)
    forged = chain(3)
    head = AuditHead(size=3, hash=forged[-1].hash)
    for event in events[3:]:
        forged.append(
            link(
                head,
                school="st-oswins",
                at=event.at,
                tag=event.tag,
                actor="nobody",
                case_id="",
                detail=event.detail,
            )
        )
        head = AuditHead(size=forged[-1].seq, hash=forged[-1].hash)
    assert check(forged).is_intact
    assert [problem.seq for problem in check(forged, note_over(events)).problems] == [6]


def test_a_checkpoint_reads_as_it_was_written_and_only_under_its_key():
    events = chain(2)
    note = note_over(events)
    checkpoint = read_checkpoint(note, key=KEY, is_genuine=is_genuine_signature)
    assert (checkpoint.size, checkpoint.hash, checkpoint.at) == (2, events[-1].hash, START)
    lines = note.split("\n")
    assert lines[0] == "mailguard/st-oswins/audit"
    assert lines[5].startswith("\N{EM DASH} mailguard/st-oswins/audit ")
    for bad in (note[:-1], note.replace("\n2\n", "\n3\n"), note.replace("\n\n", "\n"), "", lines[5]):
        with pytest.raises(ValueError):
            read_checkpoint(bad, key=KEY, is_genuine=is_genuine_signature)
    other = VerifierKey(name=KEY.name, public_key=public_key_of(bytes(32)))
    with pytest.raises(ValueError, match="no genuine signature"):
        read_checkpoint(note, key=other, is_genuine=is_genuine_signature)


@given(st.text())
def test_reading_a_checkpoint_of_any_text_raises_nothing_but_value_error(text: str):
    with pytest.raises(ValueError):
        read_checkpoint(text, key=KEY, is_genuine=lambda *_: True)


def test_a_verifier_key_reads_as_it_is_written_and_notices_a_slip():
    assert parse_verifier_key(f" {KEY}\n") == KEY
    for bad in ("", "name", "name+00000000+AAAA", str(KEY).replace("+", "+0", 1), f"x{KEY}"):
        with pytest.raises(ValueError):
            parse_verifier_key(bad)


@pytest.mark.parametrize("tag", ["case:opened", "Gate:case:opened", "gate:case:opened:x", "gate: case:x", ""])
def test_a_tag_of_another_form_is_refused(tag: str):
    with pytest.raises(ValueError, match="source:subject:action"):
        link(AuditHead(), school="s", at=START, tag=tag, actor="", case_id="", detail={})


@pytest.mark.parametrize("detail", [{"x": float("nan")}, {"x": b"octets"}, {"x": object()}])
def test_a_detail_that_json_cannot_say_is_refused(detail: dict):
    with pytest.raises((ValueError, TypeError)):
        link(AuditHead(), school="s", at=START, tag="a:b:c", actor="", case_id="", detail=detail)
