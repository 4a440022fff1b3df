"""What happened, by a notification's header, wording and local part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mailguard.domain.message import MessageFacts
from mailguard.domain.words import CONTACT_EVENTS, Event
from mailguard.reading.platforms_names import is_service
from mailguard.reading.platforms_rules import Platform, PlatformFile, TextRules, Wording
from mailguard.reading.platforms_text import (
    SCRIPT_OF,
    Line,
    NotificationText,
    greeted_name,
    line_of,
    scripts_in,
    subject_readings,
)

# Where several wordings fit, the first of these is meant: a code is never a welcome, "mentioned you in a comment" no comment.
PRECEDENCE = (
    Event.SECURITY,
    Event.MODERATION,
    Event.FRIEND_ACCEPTED,
    Event.PHOTO_TAG,
    Event.MENTION,
    Event.DIRECT_MESSAGE,
    Event.FRIEND_REQUEST,
    Event.SHARE,
    Event.COMMENT,
    Event.REACTION,
    Event.FOLLOW,
    Event.GROUP_INVITE,
    Event.LIVE,
    Event.UPLOAD,
    Event.SUGGESTION,
    Event.SIGN_UP,
    Event.DIGEST,
    Event.OTHER,
    Event.MARKETING,
)
_RANK = {event: rank for rank, event in enumerate(PRECEDENCE)}
_BODY_LINES = 14
_FOOTER_SEARCH_LINES = 200
_NEWS_WITHOUT_NAME = 4
_MOST_MIXTURES = 32  # of scripts, whose wordings are kept together: senders choose them
_NAMES_ASKED = 3
_LONG_LINE = 240  # longer is prose somebody wrote, and no wording of a service
_COUNTED = re.compile(r"[^\d:]{2,40}: ?[\d.,+ ]+")
_FIRST_HAND = frozenset(PRECEDENCE[: PRECEDENCE.index(Event.LIVE)])

_OWN_THINGS = frozenset({Event.UPLOAD, Event.LIVE})
_NAMES_NOBODY = _OWN_THINGS | {Event.SECURITY, Event.MODERATION, Event.SIGN_UP, Event.SUGGESTION}
# With a reaction nothing is typed, and "It looks like you are trying to log in" fits its wording.
_WITH_WORDS = CONTACT_EVENTS - {Event.FRIEND_ACCEPTED, Event.REACTION}
_TOP_LINES, _SHORT_LINE = 4, 100
_NO_NAME = re.compile(
    r"(?:it|we|you|this|that|these|here|there|some(?:body|one)|any(?:body|one)|if|the|your)\b", re.I
)
# A person may type what fits these: what stands before it says that somebody wrote.
_TYPED_TOO = frozenset({Event.SECURITY, Event.MODERATION})
_NO_NEWS = frozenset({Event.DIGEST, Event.OTHER, Event.MARKETING})
_SAID_TOO = _TYPED_TOO | {Event.SIGN_UP, Event.OTHER, Event.MARKETING}
_CAPITALS = re.compile(r"[A-Z][a-z]+(?: [A-Z][\w'’-]+){1,2}")  # "It Boy" is somebody


@dataclass(frozen=True, slots=True)
class Found:
    """``who`` is the name as it stands in the text, "" when the wording names none. ``where``: for the evidence."""

    event: Event
    who: str = ""
    where: str = ""
    is_certain: bool = True


class WordingSet:
    """Wordings in the order in which they are tried: a platform's `first`, then by precedence, its own before the shared.

    Those of a language with letters of its own are tried on lines that have such letters.
    """

    def __init__(self, own: Sequence[Wording], shared: Sequence[Wording]) -> None:
        ordered = [(wording, 0) for wording in own] + [(wording, 1) for wording in shared]
        ordered.sort(key=lambda entry: (not entry[0].is_first, _RANK[entry[0].event], entry[1]))
        self._wordings = tuple(wording for wording, _ in ordered)
        self._by_scripts: dict[frozenset[str], tuple[tuple[Event, re.Pattern[str]], ...]] = {}

    def _fitting(self, line: Line) -> tuple[tuple[Event, re.Pattern[str]], ...]:
        scripts = scripts_in(line.folded)
        fitting = self._by_scripts.get(scripts)
        if fitting is None:
            if len(self._by_scripts) >= _MOST_MIXTURES:
                self._by_scripts.clear()
            fitting = tuple(
                (wording.event, wording.pattern)
                for wording in self._wordings
                if (script := SCRIPT_OF.get(wording.language)) is None or script in scripts
            )
            self._by_scripts[scripts] = fitting
        return fitting

    def find(self, line: Line, events: frozenset[Event] | None = None) -> Found | None:
        """The gravest event that a line tells, with the name it gives."""
        if not line.folded or len(line.folded) > _LONG_LINE:
            return None
        found: Event | None = None
        names: list[str] = []
        starts_at = 0
        for event, pattern in self._fitting(line):
            if found is not None and event is not found:
                break
            if events is not None and event not in events:
                continue
            match = pattern.search(line.folded)
            if match is None or (event in _TYPED_TOO and _is_quoted(line.folded, match.start())):
                continue
            starts_at = match.start() if found is None else min(starts_at, match.start())
            found = event
            spans = [match.span(group) for group, value in match.groupdict().items() if value]
            names += [line.text[start:end] for start, end in spans]
        if found in _TYPED_TOO and (told := self._told_before(line, starts_at, events)) is not None:
            return told
        # Several wordings of one event may fit: the shortest name is the one that runs into no other words.
        return None if found is None else Found(found, min(names, key=len, default=""))

    def _told_before(self, line: Line, end: int, events: frozenset[Event] | None) -> Found | None:
        """Who made contact, where that stands before `end`: in "Tia sent you a message: reset your password" Tia typed the rest."""
        for event, pattern in self._fitting(line):
            if event not in CONTACT_EVENTS or (events is not None and event not in events):
                continue
            match = pattern.match(line.folded)
            if match is None or match.end() > end:
                continue
            spans = [match.span(group) for group, value in match.groupdict().items() if value]
            if spans:
                return Found(event, min((line.text[start:stop] for start, stop in spans), key=len))
        return None


def _is_quoted(line: str, place: int) -> bool:
    return line.count('"', 0, place) % 2 == 1 and '"' in line[place:]


def notification_text(facts: MessageFacts, rules: TextRules) -> NotificationText:
    """Subject and body of a notification, the body down to its footer."""
    lines: list[Line] = []
    has_footer = False
    body = facts.own_text or facts.quoted_text or facts.forwarded_text
    for raw in body.split("\n")[: _FOOTER_SEARCH_LINES * 3]:
        line = line_of(raw)
        if not line.text:
            continue
        if rules.footer.search(line.folded) and (len(lines) > 0 or len(line.folded) > 60):
            has_footer = True
            break
        lines.append(line)
        if len(lines) >= _FOOTER_SEARCH_LINES:
            break
    names = [
        name
        for mailbox in facts.named("To")
        for name in (mailbox.display_name, mailbox.display_name.split(" ")[0])
    ]
    names += [
        name for line in lines[:4] if (name := greeted_name(line)) and rules.greeting.match(line.folded)
    ]
    has_footer = has_footer or bool(rules.notice.search(facts.signature_text))
    return NotificationText(
        subjects=subject_readings(facts.subject, names),
        lines=tuple(lines),
        greeted=tuple(dict.fromkeys(name for name in names if name)),
        has_footer=has_footer,
    )


def find_event(
    facts: MessageFacts,
    text: NotificationText,
    platform: Platform | None,
    wordings: WordingSet,
    local_part: str,
    *,
    is_from_person: bool = False,
) -> Found:
    """What a notification tells. ``is_from_person``: From names a person beside the service.

    Order: a contact for which the text names a person, beside a subject that names nobody; a code or reset in the subject; a subject
    that names who did what; header, subject, local part, body; else a guess.
    """
    subject = _first(wordings.find(line) for line in text.subjects)
    stated = _stated(facts, platform) if platform is not None else None
    body = _in_body(text, wordings)
    if subject is not None and subject.event in _NAMES_NOBODY and _is_unsaid(subject):
        # A service may show what somebody typed as the subject: "did you reset your password", from Tia who sent a message.
        if stated is not None and stated.event in CONTACT_EVENTS:
            return _with_name(stated, subject, body, text, wordings)
        if (contact := _contact_at_top(text, wordings, platform)) is not None:
            return contact
        if (
            is_from_person
            and (contact := _contact_in_subject(text, platform, wordings, local_part)) is not None
        ):
            return contact
    elif (
        is_from_person
        and subject is not None
        and subject.event in _NO_NEWS
        and stated is None
        and (contact := _contact_in_subject(text, platform, wordings, local_part)) is not None
    ) or (
        subject is not None
        and subject.event is Event.DIGEST
        and not subject.who
        and stated is None
        # "3 things you missed" above the one thing that somebody did.
        and not _lists_several(text)
        and (contact := _contact_at_top(text, wordings, platform, is_only=True)) is not None
    ):
        return contact
    if subject is not None and subject.event is Event.SECURITY:
        return Found(Event.SECURITY, where="subject")
    # A subject that names who did what, or tells of one's own video, says more than a header's code, which services use for
    # several things.
    is_told = subject is not None and (
        (subject.event in _FIRST_HAND and bool(subject.who))
        or (subject.event in _OWN_THINGS and stated is not None and stated.event is Event.DIGEST)
    )
    if stated is not None and stated.event is not Event.OTHER and not is_told:
        if stated.event is Event.SIGN_UP and body is not None and _asks_to_confirm(text, wordings):
            return Found(Event.SECURITY, where="text")
        return _with_name(stated, subject, body, text, wordings)
    if subject is not None:
        if subject.event is Event.SIGN_UP and _asks_to_confirm(text, wordings):
            return Found(Event.SECURITY, where="text")
        if subject.event in _FIRST_HAND or body is None or body.event not in _FIRST_HAND:
            found = Found(subject.event, subject.who, "subject", subject.event is not Event.OTHER)
            return _with_name(found, subject, body, text, wordings)
        if subject.event in (Event.MARKETING, Event.OTHER, Event.DIGEST) and body.event in _FIRST_HAND:
            if subject.event is Event.DIGEST or not body.who:
                return Found(subject.event, subject.who, "subject", subject.event is Event.DIGEST)
            return Found(body.event, body.who, "text", is_certain=False)
        return Found(subject.event, subject.who, "subject")
    by_address = _by_local_part(platform, local_part) if platform is not None else None
    if body is not None and (body.event in _FIRST_HAND or by_address is None):
        return Found(body.event, body.who, "text", body.event in _FIRST_HAND)
    if by_address is not None:
        return Found(by_address, where="sender's local part")
    return Found(Event.DIGEST if _lists_several(text) else Event.OTHER, where="neither", is_certain=False)


def news_lines(
    text: NotificationText, wordings: WordingSet, event: Event, names: Sequence[str]
) -> frozenset[int]:
    """Indexes of the lines that are the service's own wording of what happened.

    ``names``: of the person who acted. What fits a wording without naming that person, or naming nobody near the top, is
    taken for typed: a child's "miss it says missing" must not be lost.
    """
    wanted = frozenset({event})
    known = [name.casefold() for name in names if name]
    known += [name.split()[0] for name in known if " " in name]
    found: set[int] = set()
    for index, line in enumerate(text.lines[:_BODY_LINES]):
        says = wordings.find(line, wanted)
        if says is not None and _is_news(says, index, known):
            found.add(index)
        elif line.text[:1].islower() and index and '"' not in line.folded and index - 1 not in found:
            if len(line.folded.split()) > 8 or text.lines[index - 1].text.casefold() not in known:
                continue
            if wordings.find(line_of(f"{text.lines[index - 1].text} {line.text}"), wanted) is not None:
                found |= {index - 1, index}
    return frozenset(found)


def names_told(text: NotificationText, wordings: WordingSet, event: Event) -> tuple[str, ...]:
    """What stands for a name where the subject or a first line tells `event`, a contact; further down people type."""
    if event not in CONTACT_EVENTS:
        return ()
    wanted = frozenset({event})
    found = (wordings.find(line, wanted) for line in (*text.subjects, *text.lines[:_NAMES_ASKED]))
    return tuple(dict.fromkeys(one.who for one in found if one is not None and one.who))


def _is_news(says: Found, index: int, known: Sequence[str]) -> bool:
    if not says.who:
        return index < _NEWS_WITHOUT_NAME
    named = says.who.casefold()
    return any(name in named for name in known) if known else index < _NEWS_WITHOUT_NAME


def _first(found: Iterable[Found | None]) -> Found | None:
    """The reading that names somebody, else the first that says anything."""
    kept: Found | None = None
    for one in found:
        if one is None:
            continue
        if (
            kept is None
            or (_RANK[one.event] < _RANK[kept.event])
            or (one.event is kept.event and one.who and not kept.who)
        ):
            kept = one
    return kept


def _stated(facts: MessageFacts, platform: Platform) -> Found | None:
    for rule in platform.headers:
        value = facts.header(rule.header)
        if value and rule.pattern.search(value):
            return Found(rule.event, where=f"header {rule.header}")
    return None


def _in_body(
    text: NotificationText, wordings: WordingSet, events: frozenset[Event] | None = None
) -> Found | None:
    lines = text.lines[:_BODY_LINES]
    for index, line in enumerate(lines):
        if line.folded.startswith(('"', ">")):
            continue
        found = wordings.find(line, events)
        if found is None and index and line.text[:1].islower():
            for back in (1, 2)[:index]:
                above = lines[index - back]
                # "Cześć Ben," greets, and the news of the line below is somebody else's.
                if above.text.endswith(",") or (back == 1 and not _can_be_name(above)):
                    continue
                found = wordings.find(line_of(f"{above.text} {line.text}"), events)
                if found is not None:
                    break
        if found is not None and found.event not in (Event.MARKETING, Event.OTHER):
            return found
    return _first(wordings.find(line, events) for line in lines)


def _is_unsaid(subject: Found) -> bool:
    """Nobody is named by it who did something: whom a suggestion names did nothing."""
    return not subject.who or subject.event is Event.SUGGESTION


def _contact_in_subject(
    text: NotificationText, platform: Platform | None, wordings: WordingSet, local_part: str
) -> Found | None:
    """The contact that a subject may be as well, or that the service's local part stands for."""
    found = _first(wordings.find(line, CONTACT_EVENTS) for line in text.subjects)
    if found is not None:
        return Found(found.event, found.who, "subject")
    event = _by_local_part(platform, local_part) if platform is not None else None
    return (
        Found(event, where="sender's local part") if event in CONTACT_EVENTS and event is not None else None
    )


def _contact_at_top(
    text: NotificationText, wordings: WordingSet, platform: Platform | None, *, is_only: bool = False
) -> Found | None:
    """A contact in the first lines, which are short, whose wording names a person; the service's own name is none.

    ``is_only``: None where several lines tell of something.
    """
    lines = tuple(
        line
        for line in text.lines[:_TOP_LINES]
        if len(line.text) <= _SHORT_LINE and not _is_count(line, wordings)
    )
    if is_only:
        told = (wordings.find(line) for line in text.lines[:_BODY_LINES])
        news = {(one.event, one.who) for one in told if one is not None and one.event not in _SAID_TOO}
        if len(news) > 1:
            return None
    found = _in_body(replace(text, lines=lines), wordings, _WITH_WORDS)
    if found is None or found.event not in _WITH_WORDS or not found.who:
        return None
    if _NO_NAME.match(found.who) and not _CAPITALS.fullmatch(found.who):
        return None
    if platform is not None and is_service(found.who, platform):
        return None
    return Found(found.event, found.who, "text")


def _is_count(line: Line, wordings: WordingSet) -> bool:
    """ "New followers: 2" is nobody's deed; "Message from Harvey: 07700 900123" is Harvey's."""
    if not _COUNTED.fullmatch(line.folded):
        return False
    told = wordings.find(line, _WITH_WORDS)
    return told is None or not any(map(str.isalpha, told.who))


def _can_be_name(line: Line) -> bool:
    return len(line.text.split()) <= 4 and not any(mark in line.text for mark in "·|@")


def _with_name(
    found: Found, subject: Found | None, body: Found | None, text: NotificationText, wordings: WordingSet
) -> Found:
    wanted = frozenset({found.event})
    who = next(
        (
            one.who
            for one in (found, subject, body)
            if one is not None and one.event is found.event and one.who
        ),
        "",
    )
    if not who:
        again = _first(wordings.find(line, wanted) for line in text.subjects) or _in_body(
            text, wordings, wanted
        )
        who = again.who if again is not None else ""
    if not who and (named := _in_body(text, wordings, wanted)) is not None:
        who = named.who
    if body is not None and body.event is found.event and who and body.who.startswith(f"{who} "):
        who = body.who
    return Found(found.event, who, found.where, found.is_certain)


def _asks_to_confirm(text: NotificationText, wordings: WordingSet) -> bool:
    wanted = frozenset({Event.SECURITY})
    return any(wordings.find(line, wanted) is not None for line in text.lines[:_BODY_LINES])


def _by_local_part(platform: Platform, local_part: str) -> Event | None:
    return next((event for pattern, event in platform.local_parts if pattern.search(local_part)), None)


def _lists_several(text: NotificationText) -> bool:
    """A list: several lines that begin alike, or many short ones."""
    marked = sum(line.text[:1] in "*•·-–1234567890" for line in text.lines)
    return marked >= 3 or len(text.lines) >= 8


def wordings_of(file: PlatformFile) -> dict[str, WordingSet]:
    """Platform id → its wordings and the shared; "" → the shared alone."""
    shared = WordingSet((), file.wordings)
    sets = {"": shared}
    for platform in file.platforms:
        sets[platform.id] = WordingSet(platform.wordings, file.wordings) if platform.wordings else shared
    return sets
