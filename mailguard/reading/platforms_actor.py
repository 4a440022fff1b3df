"""Who acted in a notification: the name as shown, the handle, an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Event
from mailguard.reading.organisation import organisational_domain
from mailguard.reading.platforms_names import is_service
from mailguard.reading.platforms_rules import Platform, TextRules
from mailguard.reading.platforms_sender import OWN_NAME_LETTERS, Sender, sender_of, service_beside
from mailguard.reading.platforms_text import Line, NotificationText, line_of

_NAME_CHARS = 60
_NAME_WORDS = 6
_IN_BRACKETS = re.compile(r"\s*[(\[（](?P<inside>[^()\[\]]{1,60})[)\]）]")
_HANDLE = re.compile(r"^@?[^\W_][\w.-]{1,38}$|^@[\w.-]{1,60}(?:@[\w.-]{3,60})?$")
_AT_HANDLE = re.compile(r"(?<![\w.@/])@(?P<handle>[A-Za-z0-9_](?:[\w.-]{0,38}\w)?(?:@[\w-]+(?:\.[\w-]+)+)?)")
_NAME_AND_HANDLE = re.compile(r"(?P<name>[^@]*[^@\s])\s+(?P<handle>@[\w.-]{1,60})")
_SHOWS_NO_NAME = re.compile(r"[\d_]|^[^\W\dA-Z]*[.-]?[a-z0-9._-]+$")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_VIA = re.compile(
    r"\s+(?:via|through|on|from|par|über|por|przez|tramite|ar|prin|sur|auf|en|na|su|op|\|)\s+[^\s].*$",
    re.IGNORECASE,
)
# Of a place only: "Women in Tech" is a group's whole name, "Tyler Jones in Teams" is Tyler's.
_IN = re.compile(r"\s+in\s+(?P<place>\S.*)$", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?:'s|s'|'s)$", re.IGNORECASE)
_EDGES = " \t\"'*•·|,;:.!…<>«»-–—▸►→。，！？؟।"
_ONE_NAME = re.compile(r"[A-ZÀ-ÞŚŻŹĆŁŞÇÖÜĞİА-Я][^\W\d_]+(?:[-'’][^\W\d_]+)?")
_WHOLE_NAME = re.compile(rf"{_ONE_NAME.pattern}(?: {_ONE_NAME.pattern}){{1,3}}")
_NEAR = r'[^()@|·:"]{3,40}?'
_TIME = re.compile(r"[ ,]+(?:at )?\d{1,2}[:.]\d\d(?: ?[ap]m)?$", re.IGNORECASE)
_URL = re.compile(r"https?://|www\.", re.IGNORECASE)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]+")
_LABELS = (
    r"(?:from|invited by|author|by|posted by|created by|sent by|shared by|von|od|autore?|auteur|organi[sz](?:er|ator\w*)|"
    r"organisateur|organizador|organizzatore|пригласил\w*|від|от|автор|организатор)"
)
# A preposition begins other lines too.
_LABELLED = re.compile(
    rf"^(?:{_LABELS}\s*:?|(?:de|da|van|från|fra|gan|kimden)\s*:)\s+(?P<who>[^:]{{2,60}}|live:\S+)$",
    re.IGNORECASE,
)
_LABEL = re.compile(rf"^{_LABELS}\s*:?$", re.IGNORECASE)
_NOTE = re.compile(r"\s*\([^()]*:[^()]*\)$")  # "(IP address: ...)" behind an author
_SAYS = re.compile(r"\s+(?:said|says|wrote|writes|commented|replied|asked)$", re.IGNORECASE)
_SENTENCE = re.compile("[。，！？؟।]")
_SHORT_NAME = 20
# Names of people that are words of services' sentences too.
_GIVEN_TOO = frozenset(
    {"mae", "nova", "ai", "tu", "du", "ta", "on", "je", "an", "u", "in", "may", "will", "rose"}
)
_RUNS_ON = re.compile(
    r"(?:and|would|was|is|has|will|e|et|und|y|that|which|who|who's|with|to|of|for|in|on|a|the)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Name:
    """``shown`` as written; ``handle`` without "@" or "u/", "" where the shown name is not one."""

    shown: str = ""
    handle: str = ""

    def __bool__(self) -> bool:
        return bool(self.shown or self.handle)


def _is_turned_round(head: str, rest: str, greeted: Sequence[str]) -> bool:
    """ "Jones, Tia": a surname and a given name, and nobody greeted."""
    is_greeting = head.casefold() in {name.casefold() for name in greeted}
    return not is_greeting and bool(_ONE_NAME.fullmatch(head) and _ONE_NAME.fullmatch(rest))


def name_of(written: str, platform: Platform | None, rules: TextRules, greeted: Sequence[str] = ()) -> Name:
    """The person in a piece of text that stands where a name does; an empty Name when nobody in particular is named."""
    text = line_of(written).text
    handle = ""
    for inside in _IN_BRACKETS.finditer(text):
        if inside["inside"].startswith("@") and _HANDLE.match(inside["inside"]):
            handle = inside["inside"]
    text = _IN_BRACKETS.sub("", text)
    if beside := _NAME_AND_HANDLE.fullmatch(text):
        text = beside["name"]  # whose handle it is, only the service can say
    text = rules.others.sub("", text)
    text = _VIA.sub("", text) if platform is not None and _mentions(text, platform) else text
    if platform is not None:
        text = next((text[len(own) + 2 :] for own in platform.names if text.startswith(f"{own}: ")), text)
    text = _TIME.sub("", _strip(text.split(": ")[0]))
    head, comma, rest = text.partition(", ")
    if comma and _is_turned_round(head, rest, greeted):
        text = f"{rest} {head}"
    elif comma and (head.casefold() in {name.casefold() for name in greeted} or " " not in head) and rest:
        text = rest if head[:1].isupper() or not handle else head
    text = _strip(_POSSESSIVE.sub("", text))
    if text.lower().startswith(("u/", "/u/")):
        text = text.rpartition("u/")[2] if "/" in text else text
        handle = text
    if text.startswith("@"):
        handle = handle or text
        text = text.lstrip("@")
    if not _is_somebody(text, platform, rules):
        return Name()
    bare = _EMOJI.sub("", text).strip()
    if not bare:
        return Name()
    if _WHOLE_NAME.fullmatch(bare) and text.endswith(bare):
        text = bare  # a bell or a heart before a name is the service's
    if not handle and _is_handle(bare, platform):
        handle = bare
    return Name(text, handle.lstrip("@"))


def actor_of(
    event: Event,
    written: Sequence[str],
    text: NotificationText,
    facts: MessageFacts,
    platform: Platform | None,
    rules: TextRules,
) -> Name:
    """The person named by the matched wording, else by From, else by the body's first lines; with a handle from the body.

    ``written``: what wordings of this event have for a name, the matched one first: "on Twitch" is nobody, the next may be somebody.
    """
    if event in _WITHOUT_ACTOR - {Event.DIGEST, Event.SUGGESTION, Event.OTHER}:
        return Name()
    name = name_beside_service(facts, platform, rules)
    if not name:
        told = (name_of(one, platform, rules, text.greeted) for one in written)
        name = next(filter(None, told), Name())
    if (
        not name
        and platform is not None
        and event
        not in (
            Event.SECURITY,
            Event.SIGN_UP,
            Event.MARKETING,
            Event.MODERATION,
            Event.UPLOAD,
            Event.LIVE,
        )
    ):
        name = _name_in_from(facts, platform, rules)
    if not name and event not in _WITHOUT_ACTOR:
        name = _name_in_body(text, platform, rules, may_type=event not in _NOTHING_TYPED)
    if name and not name.handle:
        shown = _fuller(name.shown, text) if event not in _WITHOUT_ACTOR else name.shown
        name = Name(shown, _handle_beside(shown, text))
        whole = _name_in_from(facts, platform, rules).shown if platform is not None else ""
        # "Zara" in the text of mail that is from "Zara Holt": the whole name finds her on the roll.
        if " " not in name.shown and whole.casefold().startswith(f"{name.shown.casefold()} "):
            name = Name(whole, name.handle)
    return name


def with_whole_name(name: Name, news: Sequence[Line]) -> Name:
    """ "Poppy Standen" for "poppystand_" where one of the service's own lines has both: the roll knows names.

    ``news``: the service's wording of what happened; what a person types may set any name beside a handle.
    """
    if not name or " " in name.shown or not _SHOWS_NO_NAME.search(name.shown):
        return name
    handle = rf"@?{re.escape(name.shown)}"
    beside = re.compile(
        rf"^(?:(?P<before>{_NEAR}) ?[(·|] ?{handle}\)?|{handle} ?[(·|] ?(?P<after>{_NEAR})\)?)(?=$|[ ,])"
    )
    for line in news:
        match = beside.match(line.text)
        whole = "" if match is None else match["before"] or match["after"]
        if _WHOLE_NAME.fullmatch(whole):
            return Name(whole, name.handle or name.shown)
    return name


def is_sender_itself(name: Name, sender: Sender) -> bool:
    """ "zinglow" in mail of mail.zinglow.example, whatever sentence named it: one word, the label by which its domain is known.

    A whole name or another handle is a person's, also where a domain is called so.
    """
    own = organisational_domain(sender.host).partition(".")[0]
    is_one_word = " " not in name.shown and name.handle.casefold() in ("", name.shown.casefold())
    return is_one_word and len(own) >= OWN_NAME_LETTERS and name.shown.casefold() == own


def leading_name(
    text: NotificationText, platform: Platform | None, rules: TextRules, *, is_in_text: bool = False
) -> Name:
    """Who stands first in a subject that no wording fits: "Timea Hudakova" before words that nobody here can read.

    ``is_in_text``: only who is spoken of in the first lines too, which "Big News" is not.
    """
    lines = " ".join(line.text for line in text.lines[:_FIRST_LINES])
    for line in text.subjects:
        words = _EMOJI.sub(" ", line.text).split()
        count = next((place for place, word in enumerate(words) if not _ONE_NAME.fullmatch(word)), len(words))
        name = " ".join(words[:count])
        if (
            2 <= count <= 3
            and count < len(words)
            and not words[count][:1].isupper()
            and name not in text.greeted
            and (not is_in_text or name in lines)
        ):
            return name_of(name, platform, rules, text.greeted)
    return Name()


_FIRST_LINES = 6
_NOTHING_TYPED = frozenset({Event.FRIEND_REQUEST, Event.FRIEND_ACCEPTED, Event.FOLLOW, Event.REACTION})
_WITHOUT_ACTOR = frozenset(
    {
        Event.SECURITY,
        Event.SIGN_UP,
        Event.MARKETING,
        Event.MODERATION,
        Event.UPLOAD,
        Event.LIVE,
        Event.DIGEST,
        Event.SUGGESTION,
        Event.OTHER,
    }
)


def actor_address(text: NotificationText, facts: MessageFacts) -> str:
    """An address that the first lines state, other than the recipient's or the service's own."""
    own = {
        mailbox.address.lower()
        for mailbox in facts.mailboxes
        if mailbox.header not in ("From", "Reply-To", "Sender")
    }
    for line in text.lines[:12]:
        for found in _ADDRESS.findall(line.text):
            if found.lower() not in own and not found.lower().startswith(
                ("noreply", "no-reply", "support@", "reply+")
            ):
                return str(found)
    return ""


def _strip(text: str) -> str:
    """Without marks at its ends, but "Alan T." keeps its full stop."""
    bare = text.strip(_EDGES)
    end = text.find(bare) + len(bare)
    is_initial = text[end : end + 1] == "." and (len(bare) == 1 or not bare[-2:-1].isalnum())
    return bare + "." if bare and is_initial else bare


def _is_somebody(text: str, platform: Platform | None, rules: TextRules) -> bool:
    if not text or len(text) > _NAME_CHARS or len(text.split()) > _NAME_WORDS or _URL.search(text):
        return False
    if platform is not None and is_service(text, platform):
        return False
    words = text.split()
    if _RUNS_ON.match(words[-1]) or (len(text) > _SHORT_NAME and _SENTENCE.search(text)):
        return False
    if words[0].casefold() in _GIVEN_TOO and _WHOLE_NAME.fullmatch(text):
        return True
    return not rules.nobody.match(text) and not (text[:1].isdigit() and " " in text)


def _is_handle(text: str, platform: Platform | None) -> bool:
    if " " in text or not _HANDLE.match(text) or not text.isascii():
        return False
    return bool((platform is not None and platform.shows_handles) or _SHOWS_NO_NAME.search(text))


def _mentions(text: str, platform: Platform) -> bool:
    lowered = text.casefold()
    return any(name.casefold() in lowered for name in platform.names)


def _name_in_from(facts: MessageFacts, platform: Platform | None, rules: TextRules) -> Name:
    """ "Tyler Jones (Classroom)", "Tyler Jones via Facebook", or a bare name that is not the service's."""
    shown = next((mailbox.display_name for mailbox in facts.named("From")), "")
    if not shown:
        return Name()
    bare = _VIA.sub("", _IN_BRACKETS.sub("", shown)).strip(_EDGES)
    if bare == shown.strip(_EDGES) and (platform is None or _mentions(shown, platform)):
        return Name()
    if any(
        word.casefold() in {"team", "digest", "support", "notifications", "security", "news"}
        for word in bare.split()
    ):
        return Name()
    return name_of(bare, platform, rules)


def name_beside_service(facts: MessageFacts, platform: Platform | None, rules: TextRules) -> Name:
    """The name in "Tyler Jones (Classroom)" or "Tyler Jones via LinkedIn": the service itself says who acts.

    ``platform`` None: of a service nobody listed, where it is From's own.
    """
    shown = next((mailbox.display_name for mailbox in facts.named("From")), "")
    sender = sender_of(facts)
    inside = _IN.search(shown)
    if platform is not None:
        if inside is not None and _mentions(inside["place"], platform):
            return name_of(shown[: inside.start()], platform, rules)
        is_beside = _mentions(shown, platform)
    else:
        is_beside = sender is not None and bool(service_beside(sender))
        if is_beside and inside is not None:
            return name_of(shown[: inside.start()], platform, rules)
    if not is_beside or not (_IN_BRACKETS.search(shown) or _VIA.search(shown)):
        return Name()
    name = _name_in_from(facts, platform, rules)
    stated = _AT_HANDLE.search(shown)
    return Name(name.shown, stated["handle"]) if name and not name.handle and stated else name


def _fuller(shown: str, text: NotificationText) -> str:
    """ "Alisha Crane" for "Alisha" where a line is her whole name, or begins with it."""
    if " " in shown or not shown[:1].isupper():
        return shown
    whole = re.compile(rf"^{re.escape(shown)}(?: [^\W\d_][\w'’.-]*){{1,3}}(?=$|,| ·| \(|:)")
    for line in text.lines[:6]:
        match = whole.match(line.text)
        if match and match.group()[len(shown) + 1 :][:1].isupper():
            return match.group()
    return shown


def _name_in_body(
    text: NotificationText, platform: Platform | None, rules: TextRules, *, may_type: bool
) -> Name:
    """A line of its own that can only be a name: before a quotation, a handle, or words about the person.

    ``may_type``: a person's words may stand there as well.
    """
    lines = text.lines[:8]
    for index, line in enumerate(lines):
        labelled = _LABELLED.match(_NOTE.sub("", line.folded))
        if labelled:
            written = line.text[labelled.start("who") :]
        elif (
            _LABEL.match(line.folded)
            and index + 1 < len(lines)
            and (not may_type or _WHOLE_NAME.fullmatch(lines[index + 1].text))
        ):
            written = lines[index + 1].text
        else:
            continue
        name = name_of(written, platform, rules, text.greeted)
        if name:
            return name
    for index, line in enumerate(lines):
        said = re.match(r'^(?P<who>[^":]{2,40}): ', line.folded)
        if said and not rules.call.match(line.folded):
            name = name_of(_SAYS.sub("", line.text[: said.end("who")]), platform, rules)
            if name:
                return name
        if rules.greeting.match(line.folded) or rules.call.match(line.folded) or line.text[-1:] in ".!?:":
            continue
        if line.folded.startswith('"') or len(line.text.split()) > 4 or line.text in text.greeted:
            continue
        name = name_of(line.text, platform, rules, text.greeted)
        following: Line | None = lines[index + 1] if index + 1 < len(lines) else None
        # Last of all and in small letters, "meet me after school" is what somebody typed.
        is_typed = may_type and following is None and " " in name.shown and name.shown[:1].islower()
        if not name or is_typed:
            continue
        is_evident = (
            following is None or following.folded[:1] in '"@>' or bool(rules.detail.search(following.folded))
        )
        if name.handle or is_evident or (following is not None and following.text[:1].islower()):
            return name
    return Name()


def _handle_beside(shown: str, text: NotificationText) -> str:
    """The handle that stands with a name, in its line or the next."""
    for index, line in enumerate((*text.subjects, *text.lines[:12])):
        if shown not in line.text:
            continue
        rest = line.text[line.text.index(shown) + len(shown) :][:80]
        found = re.match(r"\s*[(\s·|,]*@?(?:u/)?", rest)
        match = _AT_HANDLE.match(rest[found.end() - 1 :]) if found and "@" in found.group() else None
        if match and found:
            # "Sam Doyle @ella.bee sent you" is the name that somebody chose.
            is_apart = any(mark in found.group() for mark in "(·|,")
            if is_apart or not rest[found.end() - 1 + match.end() :].strip(_EDGES):
                return match["handle"]
        bracket = re.match(r"\s*\((?P<handle>[\w.]{3,40})\)", rest)
        if bracket and _SHOWS_NO_NAME.search(bracket["handle"]):
            return bracket["handle"]
        below = index - len(text.subjects) + 1
        if 0 < below < len(text.lines):
            # A line that is a handle; what begins with one and goes on, somebody typed to its owner.
            match = _AT_HANDLE.match(text.lines[below].text)
            rest = text.lines[below].text[match.end() :].lstrip() if match else ""
            if match and (rest[:1] in "·|(—-" or not rest.strip(_EDGES)[:1].isalnum()):
                return match["handle"]
    return ""
