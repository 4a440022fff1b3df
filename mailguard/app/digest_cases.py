"""The blocks of a digest that speak of cases: what waits before what was done, last what is only for the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mailguard.app.case_words import ROLE_WORDS, waited
from mailguard.app.digest_content import Block, Entry, Tone
from mailguard.app.digest_material import COUNTED_ROWS, Decided, DigestMaterial, ListChange, ListedCase
from mailguard.app.digest_not_understood import NotUnderstoodCounts
from mailguard.app.digest_words import DigestWords, count_words, span_words
from mailguard.app.list_words import LIST_WORDS
from mailguard.app.ports_learning import SampleReason
from mailguard.app.take_downs import DueTakeDown
from mailguard.domain.take_down import TakeDownState

_MOST_LISTED = 100
_MOST_DELIVERED = 10
_MOST_IDS = 12
_NOT_UNDERSTOOD = "The program did not understand these"


def case_blocks(material: DigestMaterial, words: DigestWords) -> Iterator[Block]:
    now = words.now
    if material.late:
        yield _listing(
            "Reports not acknowledged",
            [
                words.entry(
                    each,
                    when=f"level {int(each.case.decision.level)}, {words.at(each.case.opened_at)}",
                    notes=(words.told(each), each.why, _letter_note(each, words)),
                )
                for each in material.late
            ],
            tone=Tone.URGENT,
        )
    if material.acknowledged:
        yield _listing(
            "Acknowledged, to be decided",
            [
                words.entry(
                    each,
                    when=waited(each.case.opened_at, now),
                    notes=(_acknowledged_note(each, words), each.why, _letter_note(each, words)),
                )
                for each in material.acknowledged
            ],
            tone=Tone.ATTENTION,
        )
    if material.waiting or material.clutter:
        listed = [
            words.entry(each, when=waited(each.since, now), notes=(each.why, _letter_note(each, words)))
            for each in material.waiting
        ]
        yield _listing(
            "Held, waiting for you",
            listed,
            tone=Tone.ATTENTION,
            suffix=", oldest first" if len(listed) > 1 else "",
            lines=_clutter_lines(material.clutter),
        )
    if material.not_understood.is_any:
        yield _not_understood_block(material.not_understood, words)
    if material.delivered or material.pupils_on_platforms:
        yield _listing(
            "Delivered, for you to know",
            [
                words.entry(each, when=words.at(each.case.opened_at), notes=(each.why,))
                for each in material.delivered[:_MOST_DELIVERED]
            ],
            total=len(material.delivered),
            lines=_pupils_lines(material.pupils_on_platforms),
        )
    if material.shadowed:
        yield _listing(
            "Shadow mode: nothing was held; this is what would have been",
            [
                words.entry(
                    each,
                    when=f"level {int(each.case.decision.level)}, {words.at(each.case.opened_at)}",
                    notes=(each.why,),
                )
                for each in material.shadowed
            ],
        )
    if material.decided:
        count = sum(len(each.case_ids) for each in material.decided)
        yield Block(
            title=f"Decided since {words.since(material.since)} ({count})",
            lines=tuple(_decided_line(each) for each in material.decided),
        )
    if material.take_downs:
        yield Block(
            title=f"Take-down requests to follow up ({len(material.take_downs)})",
            lines=tuple(_take_down_line(each, words) for each in material.take_downs[:_MOST_LISTED]),
            tone=Tone.ATTENTION,
        )
    if material.list_changes:
        yield Block(
            title=f"Lists changed so that less is held or reported ({len(material.list_changes)})",
            lines=tuple(_list_line(each, words) for each in material.list_changes[:_MOST_LISTED]),
        )
    if any(material.samples.values()):
        yield Block(title="When you have time", lines=(_samples_line(material.samples),))
    if material.counted:
        counted = ", ".join(f"{count:,} {COUNTED_ROWS[row]}" for row, count in material.counted.items())
        yield Block(
            title=f"Counted only, {span_words(material.counted_from, material.counted_to)}", lines=(counted,)
        )


def _not_understood_block(counts: NotUnderstoodCounts, words: DigestWords) -> Block:
    """Their number and the way to them; no word of theirs."""
    review_url = words.settings.review_url.rstrip("/")
    lines = []
    if counts.waiting:
        parts = [f"{count_words(counts.foreign, 'letter')} in words it does not know"] * bool(counts.foreign)
        parts += [f"{count_words(counts.doubtful, 'letter')} of which it was not sure"] * bool(
            counts.doubtful
        )
        lines.append(f"Delivered, and nobody has looked at them: {', '.join(parts)}. Please read them.")
    if counts.ended_unread:
        were = "was" if counts.ended_unread == 1 else "were"
        lines.append(
            f"{count_words(counts.ended_unread, 'letter')} {were} destroyed because {'its' if counts.ended_unread == 1 else 'their'} "
            "time was over, and nobody had looked."
        )
    if counts.not_kept:
        lines.append(
            f"{count_words(counts.not_kept, 'letter')} more came than are kept in a day, and cannot be read here."
        )
    return Block(
        title=f"{_NOT_UNDERSTOOD} ({counts.waiting})" if counts.waiting else _NOT_UNDERSTOOD,
        lines=tuple(lines),
        tone=Tone.ATTENTION,
        url=f"{review_url}/sample" if review_url else "",
    )


def _samples_line(samples: Mapping[SampleReason, int]) -> str:
    """The weekly sample of delivered mail, to find what was missed and to teach the model."""
    by_lot, unsure = samples.get(SampleReason.BLIND, 0), samples.get(SampleReason.UNCERTAIN, 0)
    parts = [f"{count_words(by_lot, 'delivered message')} of the weekly sample"] * bool(by_lot)
    parts += [f"{count_words(unsure, 'message')} of which the model was least sure"] * bool(unsure)
    return f"To look at and label: {', '.join(parts)}"


def _take_down_line(due: DueTakeDown, words: DigestWords) -> str:
    """Where it stands, and since when; the platform's name as the school wrote it is not repeated."""
    take_down = due.take_down
    state = {
        TakeDownState.WRITTEN: "the letter is written and not sent",
        TakeDownState.SENT: "sent, and no answer noted",
        TakeDownState.ANSWERED: "answered, and not removed yet",
        TakeDownState.REFUSED: "refused",
    }.get(take_down.state, take_down.state.value)
    return f"{take_down.case_id}: {state}, since {words.at(take_down.updated_at)}"


def _list_line(change: ListChange, words: DigestWords) -> str:
    version = change.version
    done = ((version.added, "added"), (version.changed, "changed"), (version.removed, "gone"))
    counts = [f"{count_words(count, 'row')} {word}" for count, word in done if count]
    title = LIST_WORDS[version.list].title
    return f"{title}: {', '.join(counts)}, by {change.by}, {words.at(version.at)} (version {version.number})"


def _listing(
    title: str,
    entries: Sequence[Entry],
    *,
    tone: Tone = Tone.CALM,
    suffix: str = "",
    total: int | None = None,
    lines: Sequence[str] = (),
) -> Block:
    count = len(entries) if total is None else total
    shown = entries[:_MOST_LISTED]
    more = [f"and {count - len(shown)} more on the review page"] if count > len(shown) else []
    number = f" ({count})" if count else ""
    return Block(title=f"{title}{number}{suffix}", entries=tuple(shown), lines=(*more, *lines), tone=tone)


def _letter_note(listed: ListedCase, words: DigestWords) -> str:
    """Who was told of a parent's letter that nobody decided, and when it goes on."""
    letter = listed.letter
    if letter is None:
        return ""
    told = [
        f"{ROLE_WORDS.get(role, role)} told {words.at(at)}"
        for role, at in listed.told
        if letter.next_round > 1
    ]
    when = words.since(letter.next_at) if letter.next_at > words.now else "now"
    goes = f"unless decided, the next in the chain is told {when}"
    return "; ".join([*told, goes])


def _acknowledged_note(listed: ListedCase, words: DigestWords) -> str:
    at = listed.case.acknowledged_at
    if at is None:
        return ""
    return f"acknowledged by {listed.acknowledged_by} {words.at(at)}"


def _clutter_lines(clutter: Mapping[str, int]) -> tuple[str, ...]:
    if not clutter:
        return ()
    count = sum(clutter.values())
    by_platform = ", ".join(f"{name} {number}" for name, number in list(clutter.items())[:6])
    return (
        f"Besides {count_words(count, 'platform mail')} of no person, to be dismissed together: {by_platform}",
    )


def _pupils_lines(counts: Mapping[str, int]) -> tuple[str, ...]:
    if not counts:
        return ()
    by_platform = ", ".join(f"{name} {number}" for name, number in counts.items())
    return (f"Pupils on approved platforms: {by_platform}",)


def _decided_line(decided: Decided) -> str:
    ids = ", ".join(decided.case_ids[:_MOST_IDS])
    more = f" and {len(decided.case_ids) - _MOST_IDS} more" if len(decided.case_ids) > _MOST_IDS else ""
    return f"{len(decided.case_ids)} {decided.word} by {decided.by}: {ids}{more}"
