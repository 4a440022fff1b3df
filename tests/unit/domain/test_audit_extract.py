from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.keys import is_genuine_signature
from mailguard.domain.audit import (
    AuditEvent,
    AuditHead,
    Link,
    Withheld,
    event_from_json,
    event_to_json,
    link,
    linked_hash,
    withhold,
)
from mailguard.domain.audit_extract import ExtractVerification, verify_extract
from tests.storing import START
from tests.unit.domain.test_audit import KEY, note_over

OURS = "MG-2026-0147"


def trail(length: int = 8, *, salted_from: int = 0) -> list[AuditEvent]:
    """Events of two cases in turn."""
    events: list[AuditEvent] = []
    head = AuditHead()
    for number in range(length):
        event = link(
            head,
            school="st-oswins",
            at=START,
            tag="test:chain:grown",
            actor="S0001",
            case_id=OURS if number % 3 == 1 else "MG-2026-0148",
            detail={"number": number},
            salt=f"{number:032x}" if number >= salted_from else "",
        )
        events.append(event)
        head = AuditHead(size=event.seq, hash=event.hash)
    return events


def extract(events: list[AuditEvent]) -> tuple[list[Link], AuditHead]:
    first = next(event for event in events if event.case_id == OURS)
    links: list[Link] = [
        event if event.case_id == OURS else withhold(event) for event in events[first.seq - 1 :]
    ]
    return links, AuditHead(size=first.seq - 1, hash=first.previous)


def check(links: list[Link], after: AuditHead, *notes: str) -> ExtractVerification:
    return verify_extract(links, after=after, notes=notes, key=KEY, is_genuine=is_genuine_signature)


def test_a_case_is_proved_without_a_word_of_the_other_cases():
    events = trail()
    links, after = extract(events)
    result = check(links, after, note_over(events))
    assert result.is_intact, result.problems
    assert (len(result.shown), result.withheld, result.unlinked) == (3, 4, 0)
    assert {event.case_id for event in result.shown} == {OURS}
    assert all(len(each.content) == 64 for each in links if isinstance(each, Withheld))


@given(st.data())
def test_any_one_change_to_an_extract_is_found(data: st.DataObject):
    events = trail()
    links, after = extract(events)
    position = data.draw(st.integers(0, len(links) - 1))
    changed = list(links)
    chosen = links[position]
    match data.draw(st.sampled_from(["alter", "remove", "swap", "repeat", "cut", "hide"])):
        case "alter" if isinstance(chosen, AuditEvent):
            fields = event_to_json(chosen)
            name = data.draw(st.sampled_from(["actor", "salt", "case_id", "previous", "hash", "tag"]))
            changed[position] = event_from_json(fields | {name: fields[name] + "x"})
        case "alter":
            assert isinstance(chosen, Withheld)
            name = data.draw(st.sampled_from(["content", "hash"]))
            changed[position] = replace(chosen, **{name: getattr(chosen, name)[:-1] + "x"})
        case "remove":
            del changed[position]
        case "swap":
            other = (position + 1) % len(links)
            changed[position], changed[other] = changed[other], changed[position]
        case "repeat":
            changed.insert(position, chosen)
        case "cut":
            del changed[position:]
        case _:
            # Withholding an event that was to be shown is no forgery: the chain still holds.
            changed[position] = withhold(chosen) if isinstance(chosen, AuditEvent) else chosen
            assert check(changed, after, note_over(events)).is_intact
            return
    assert not check(changed, after, note_over(events)).is_intact


def test_a_forged_event_hashed_anew_does_not_reach_the_signed_head():
    events = trail()
    links, after = extract(events)
    forged = link(
        after,
        school="st-oswins",
        at=START,
        tag="test:chain:grown",
        actor="somebody-else",
        case_id=OURS,
        detail={},
        salt="0" * 32,
    )
    rebuilt: list[Link] = [forged]
    for each in links[1:]:
        previous = rebuilt[-1].hash
        if isinstance(each, Withheld):
            rebuilt.append(replace(each, hash=linked_hash(content=each.content, previous=previous)))
        else:
            head = AuditHead(size=each.seq - 1, hash=previous)
            rebuilt.append(
                link(
                    head,
                    school=each.school,
                    at=each.at,
                    tag=each.tag,
                    actor=each.actor,
                    case_id=each.case_id,
                    detail=each.detail,
                    salt=each.salt,
                )
            )
    (problem,) = check(rebuilt, after, note_over(events)).problems
    assert problem.seq == len(events)
    assert "differs from the checkpoint" in problem.says


def test_without_a_checkpoint_over_its_end_an_extract_proves_nothing():
    events = trail()
    links, after = extract(events)
    result = check(links, after, note_over(events[:5]))
    assert [problem.says for problem in result.problems] == ["no genuine checkpoint vouches for the end"]


def test_events_of_the_first_schema_are_counted_as_resting_on_the_checkpoint():
    events = trail(salted_from=4)
    links, after = extract(events)
    result = check(links, after, note_over(events))
    assert result.is_intact
    assert (result.withheld, result.unlinked) == (4, 2)


@pytest.mark.parametrize("size", [1, 12])
def test_a_genuine_note_from_outside_the_stretch_does_no_harm(size: int):
    events = trail(12)
    links, after = extract(events[:8])
    other = note_over(events[:size]) if size > 8 else note_over(trail(1))
    assert check(links, after, note_over(events[:8]), other).is_intact
