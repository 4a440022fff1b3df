"""The part of a form in which a person says what a case's message was: filled in with what the case says, sent by one tap."""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.app.ports_store import DecisionRecord
from mailguard.app.teaching import CASE_WORDS, EVENT_WORDS, NATURE_WORDS, choices, suggested
from mailguard.domain.case import CaseDecision
from mailguard.domain.label import Label, Said
from mailguard.domain.words import Event, Nature, Verdict
from mailguard.web.visit import Form

_CLEAR = Verdict.CLEAR.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachingForm:
    """``choices``: (value, words). ``suggested``: which of them the case says; ``chosen``: which is ticked, "" for none.

    ``natures`` and ``events``: (value, words, is ticked); empty where the other is asked.
    """

    choices: tuple[tuple[str, str], ...]
    suggested: str
    chosen: str
    natures: tuple[tuple[str, str, bool], ...]
    events: tuple[tuple[str, str, bool], ...]


def teaching_form(
    decision: DecisionRecord,
    how: CaseDecision,
    *,
    sent: Form | None = None,
    taught: Label | None = None,
    taught_word: str = "",
) -> TeachingForm:
    """``sent``: what the person has filled in already; ``taught``: what was said before, in ``taught_word``."""
    first = suggested(decision, how)
    word, natures, event = "", first.natures or frozenset(), first.event
    if taught is not None:
        word, natures, event = taught_word, taught.natures or frozenset(), taught.event
    if sent is not None and _was_asked(sent):
        word, natures, event = sent.text("label"), _natures(sent), _event(sent)
    is_platform = decision.platform is not None
    listed = [each for each in choices(decision) if each[0] == first.word]
    listed = listed or [(first.word, CASE_WORDS[first.word])] * bool(first.word)
    others = [each for each in choices(decision) if each[0] != first.word]
    return TeachingForm(
        choices=(*listed, *others),
        suggested=first.word,
        chosen=word,
        natures=()
        if is_platform
        else tuple((each.value, words, each in natures) for each, words in NATURE_WORDS.items()),
        events=tuple((each.value, words, each is event) for each, words in EVENT_WORDS.items())
        if is_platform
        else (),
    )


def said_in(
    form: Form, decision: DecisionRecord, how: CaseDecision, *, is_wanted: bool = False
) -> tuple[Said | None, str]:
    """(what the person says, what is wrong with it). Neither when the person teaches nothing, unless ``is_wanted``."""
    word = form.text("label")
    natures = None if decision.platform is not None else _natures(form)
    event = _event(form) if decision.platform is not None else None
    if word not in CASE_WORDS:
        first = suggested(decision, how)
        is_changed = _was_asked(form) and (
            event != first.event if natures is None else natures != (first.natures or frozenset())
        )
        if word or is_wanted or is_changed:
            return None, "Choose what the message was, too: what you ticked teaches nothing without it."
        return None, ""
    if word == _CLEAR and natures:
        return (
            None,
            f"“{CASE_WORDS[_CLEAR]}” does not go with what is ticked below it. Untick that, or choose who wrote it.",
        )
    return Said(word=word, natures=natures, event=event), ""


def _was_asked(form: Form) -> bool:
    return bool(form.text("teaching"))


def _natures(form: Form) -> frozenset[Nature]:
    return frozenset(Nature(word) for word in form.texts("nature") if word in NATURE_WORDS)


def _event(form: Form) -> Event | None:
    word = form.text("event")
    return Event(word) if word in EVENT_WORDS else None
