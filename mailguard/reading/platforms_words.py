"""What a person typed inside a service's notification, apart from the service's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailguard.domain.message import Mailbox, MessageFacts
from mailguard.domain.words import Event
from mailguard.reading.platforms_actor import Name
from mailguard.reading.platforms_rules import TextRules
from mailguard.reading.platforms_text import Line, NotificationText

_QUOTED = re.compile(
    r'(?P<before>^|[:،]\s?|\bsays?,?\s|\bsaid,?\s|\bwrote,?\s)"(?P<text>[^"]{1,4000})"(?P<after>[^"\n]{0,3}$)?',
    re.MULTILINE,
)
_QUOTED_IN_SUBJECT = re.compile(
    r"""\b(?:commented|replied|wrote|said|says|message|a écrit|schrieb|escribió|napisał\w*): ?["'](?P<text>.{2,300}?)["']?$""",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+(?:'\w+)?")
_TYPED = frozenset(
    {
        Event.COMMENT,
        Event.DIRECT_MESSAGE,
        Event.MENTION,
        Event.PHOTO_TAG,
        Event.SHARE,
        Event.GROUP_INVITE,
        Event.FRIEND_REQUEST,
        Event.FOLLOW,
    }
)
_TYPED_WITHOUT_MARKS = frozenset({Event.COMMENT, Event.DIRECT_MESSAGE, Event.MENTION, Event.FRIEND_REQUEST})
# A note beside something shared stands among a service's own sentences, which call the reader "you" but never speak of "me".
_NOTE = re.compile(r"\b(?:i|i'm|im|ive|i've|me|my|mine|sir|miss|dad|mum|mam|ur|u)\b", re.IGNORECASE)
_SERVICE = re.compile(
    r"\b(?:you|your|e-?mail|access|open|view|documents?|files?|folders?|shared|link|google|microsoft|onedrive|sharepoint|teams|sign|account"
    r"|drive|inc|llc|ltd|permission|comment|edit|invited|organi[sz]ation|unsubscribe|privacy|settings)\b",
    re.IGNORECASE,
)
_FEWEST_OF_NOTE = 4
_PERSONAL = re.compile(
    r"\b(?:i|i'm|im|ive|me|my|mine|u|ur|you|we|us|he|she|dad|mum|mam|sir|miss|je|j'|moi|mon|ma|toi|ich|mich|mir|dich|yo|mí|"
    r"io|mnie|mój|mi|eu|meu|ben|bana|я|мене|мені|меня|أنا|میں|ik|mij)\b",
    re.IGNORECASE,
)
_SAID = (
    r"said|says|wrote|writes|commented|replied|asked|a écrit|a dit|schrieb|schreibt|escribió|dijo|napisał\w*|ha scritto|escreveu|"
    r"schreef|skrev|a scris|yazdı|написа\w*|كتب|ysgrifennodd"
)
_LINES_OF_TEXT = 60


def user_text(
    event: Event,
    name: Name,
    text: NotificationText,
    facts: MessageFacts,
    rules: TextRules,
    news: frozenset[int],
) -> str:
    """The words a person typed, "" when there are none. ``news``: indexes of lines that are the service's own wording."""
    if event not in _TYPED:
        return ""
    body = "\n".join(line.folded for line in text.lines)
    written = "\n".join(line.text for line in text.lines)
    passages = [
        written[match.start("text") : match.end("text")].strip()
        for match in _QUOTED.finditer(body)
        if match["before"] or _stands_alone(match, body)
    ]
    if event in (Event.SHARE, Event.GROUP_INVITE, Event.FOLLOW):
        passages = [passage for passage in passages if len(_WORD.findall(passage)) >= 4]
    if passages:
        return "\n".join(passages)
    if facts.quoted_text.strip() and event in (Event.COMMENT, Event.DIRECT_MESSAGE, Event.MENTION):
        return facts.quoted_text.strip()
    if event in _TYPED_WITHOUT_MARKS:
        lines = _plain_lines(event, name, text, rules, news, facts.named("From"))
        if lines:
            return "\n".join(lines)
    if event is Event.SHARE:
        notes = [
            line.text for place, line in enumerate(text.lines) if place not in news and _is_note(line, text)
        ]
        if notes:
            return "\n".join(notes)
    match = _QUOTED_IN_SUBJECT.search(text.subjects[-1].folded) if text.subjects else None
    return text.subjects[-1].text[match.start("text") : match.end("text")] if match else ""


def _is_note(line: Line, text: NotificationText) -> bool:
    """Somebody's words: of "me", or nothing that a service says, and not the title that the subject has as well."""
    if len(_WORD.findall(line.folded)) < _FEWEST_OF_NOTE:
        return False
    is_title = any(line.folded.casefold() in subject.folded.casefold() for subject in text.subjects)
    return bool(_NOTE.search(line.folded)) or not (is_title or _SERVICE.search(line.folded))


def _stands_alone(match: re.Match[str], body: str) -> bool:
    start, end = match.start(), match.end("text") + 1
    begins = start == 0 or body[start - 1] == "\n" or body[start : start + 1] == '"'
    return (begins and body[end : end + 1] in ("", "\n")) or match["after"] is not None


def _plain_lines(
    event: Event,
    name: Name,
    text: NotificationText,
    rules: TextRules,
    news: frozenset[int],
    senders: Sequence[Mailbox],
) -> list[str]:
    fewest = 6 if event is Event.FRIEND_REQUEST else 2
    known = {
        value.casefold()
        for value in (name.shown, name.handle, f"@{name.handle}", f"u/{name.handle}")
        if value
    }
    known |= {mailbox.display_name.casefold() for mailbox in senders}
    known |= {subject.text.casefold().rstrip(".") for subject in text.subjects}
    prefix = (
        re.compile(
            rf"^(?:{re.escape(name.shown)}|{re.escape(name.shown.split()[0])})(?:\s+(?:{_SAID}))?\s*:\s+",
            re.IGNORECASE,
        )
        if name.shown
        else None
    )
    found: list[str] = []
    for index, line in enumerate(text.lines[:_LINES_OF_TEXT]):
        said = prefix.match(line.folded) if prefix else None
        if said:
            found.append(line.text[said.end() :])
            continue
        if index in news or line.text.casefold().rstrip(".:") in known:
            continue
        # "View comment" and "Works at Harbour Trust" are the service's; "add me on insta" is what somebody typed.
        is_personal = event is not Event.FRIEND_REQUEST and bool(_PERSONAL.search(line.folded))
        is_chrome = bool(rules.call.match(line.folded)) or bool(rules.detail.search(line.folded))
        if not is_personal and (is_chrome or _greets(line, rules)):
            continue
        if len(_WORD.findall(line.folded)) >= fewest or found:
            found.append(line.text)
    return found


def _greets(line: Line, rules: TextRules) -> bool:
    """A greeting alone; "hi is school open tomorrow" is what somebody typed."""
    return bool(rules.greeting.match(line.folded)) and (
        line.text[-1] in ",!:،." or len(line.text.split()) <= 3
    )
