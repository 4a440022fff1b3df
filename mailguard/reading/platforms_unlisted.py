"""The mail of a service that nobody listed: what it must be to count as one, and what never does.

Four ways lead there. A forum's program signs its mail. By its build: a machine's sender, a footer and words of contact,
beside the model's "notification". By the model, when it is very sure: then the sender must still be a service's, and where offices
get such mail too (welcomes, files, advertisements) the text must speak of what people do among each other. The model has
learned what a payroll, a shop or a ticket system sends and tells it from social mail; where it is not very sure its word alone
holds nothing. And by wording alone, whatever the model says, where the lists know who acts as a child
(``Recognisers.contact_by_wording``). Source: ADR 19 and 27.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailguard.domain.message import AutomaticMark, MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import CONTACT_EVENTS, Event, Kind, PlatformClass
from mailguard.reading.organisation import organisational_domain
from mailguard.reading.platforms_event import Found
from mailguard.reading.platforms_rules import TextRules
from mailguard.reading.platforms_sender import OWN_NAME_LETTERS, Sender, folded_letters, service_beside
from mailguard.reading.platforms_text import NotificationText, line_of

_LIKELY_NOTIFICATION = 0.5
_NOTIFICATION = 0.8
_SURELY_NOTIFICATION = 0.95
_SURELY_EVENT = 0.7
_SURELY_A_CONTACT, _LIKELIEST_CONTACT = 0.8, 0.4
_PLAINLY, _PLAIN_EVENT = 0.98, 0.9
_SURELY_THE_SAME = 0.95
_WHERE_WORDING_DECIDES, _WHERE_WORDS_ABOUND = 2, 3  # social words
_NEWS_LINES = 14
CONTACT_OF_UNLISTED = CONTACT_EVENTS - {Event.SHARE}
# An acceptance is the staff's own doing, and what a group is called says little: of these the model must be sure itself.
ASKED_BY_A_PERSON = CONTACT_OF_UNLISTED - {Event.FRIEND_ACCEPTED, Event.GROUP_INVITE}
_OWN_ACCOUNT = frozenset({Event.SIGN_UP, Event.UPLOAD, Event.LIVE, Event.MODERATION})
_OTHERS_NEWS = frozenset({Event.DIGEST, Event.SUGGESTION})
# Where the model is sure. It has learned what an office's services send, too; what is worded alike by all is left to words of life
# among members: welcomes, uploads, files shared, advertisements. A code is delivered, whosever it is.
_SOCIAL_WORDS_NEEDED: Mapping[Event, int] = {
    **dict.fromkeys({*CONTACT_OF_UNLISTED, *_OTHERS_NEWS, Event.SECURITY}, 0),
    **dict.fromkeys({*_OWN_ACCOUNT, Event.SHARE}, 1),
    Event.MARKETING: 2,
}
# "Your account is ready. Complete your profile.": not even a very sure model can tell whose welcome that is.
_TOLD_WHERE_PLAIN = frozenset({Event.MODERATION, Event.SHARE})
_OF_OFFICES_TOO = frozenset({*_OWN_ACCOUNT, *_OTHERS_NEWS, Event.SHARE, Event.MARKETING})
_TEACHES_OR_SELLS = re.compile(
    r"\b(?:cpd|training|courses?|e-?learning|certificates?|modules?|licen[cs]es?|subscriptions?|gallery|prints|school\s+photos?|photographer|orders?)\b",
    re.IGNORECASE,
)
# A teacher's own tools say so; with more words of life among members it is an upload that shows a school's activity (row P5).
_TEACHES = re.compile(
    r"\b(?:lessons?|class(?:es|room)?|assembly|colleagues?|school website|sessions?|webinars?|meetings?)\b",
    re.IGNORECASE,
)
_OWN_UPLOAD = re.compile(
    r"\byour\s+(?:\w+\s+)?(?:upload|video|photos?|pictures?|post|story|track|clip|stream|episode|album|song|art\w*)\b"
    r"|\byou(?:['\u2019]ve|\s+have)?\s+(?:just\s+)?(?:uploaded|posted|shared|published|added)\b",
    re.IGNORECASE,
)
# What the common programs that run forums put in the header of everything they send.
_FORUM_HEADERS = ("x-phpbb-origin", "x-mybb", "x-vbulletin", "x-xf-template")
_FORUM_PROGRAM = re.compile(
    r"^(?:phpbb|vbulletin|mybb|xenforo|smf|simple machines forum|invision (?:power board|community)|ip\.board|flarum|vanilla forums)"
    r"(?:$|[ /]?v?\d[\d.]*(?:\s|$))",
    re.IGNORECASE,
)
_FORUM_WORDS = re.compile(
    r"\b(?:topics?|threads?|forums?|boards?|private messages?|pm|posts?|posted|repl(?:y|ies|ied)|members?|watching|subscribed)\b",
    re.IGNORECASE,
)
_DIRECT = 0.9
_QUOTES = " \"'“”„‘’«»"


@dataclass(frozen=True, slots=True)
class ModelsWord:
    """What the model says of a message: how likely a notification, of which event, how likely that, and any contact (0..1)."""

    notification: float
    event: Event
    event_likelihood: float
    contact_likelihood: float

    @property
    def may_be_notification(self) -> bool:
        return self.notification >= _LIKELY_NOTIFICATION

    @property
    def is_notification(self) -> bool:
        return self.notification >= _NOTIFICATION

    @property
    def is_sure(self) -> bool:
        """Of the event, or that it is a contact, though not quite of which: a service's own word for one fits two or three."""
        is_some_contact = (
            self.event in ASKED_BY_A_PERSON
            and self.contact_likelihood >= _SURELY_A_CONTACT
            and self.event_likelihood >= _LIKELIEST_CONTACT
        )
        is_told = self.event_likelihood >= _SURELY_EVENT or is_some_contact
        return self.notification >= _SURELY_NOTIFICATION and is_told

    @property
    def is_plain(self) -> bool:
        """Of 170 office notices written to try it one came so near, a code."""
        return self.notification >= _PLAINLY and self.event_likelihood >= _PLAIN_EVENT


def models_word(scores: Scores) -> ModelsWord:
    """Total: without a model nothing is likely."""
    word = max(scores.event, key=scores.event.__getitem__, default=Event.OTHER.value)
    return ModelsWord(
        notification=scores.kind.get(Kind.NOTIFICATION.value, 0.0),
        event=Event(word) if word in set(Event) else Event.OTHER,
        event_likelihood=scores.event.get(word, 0.0),
        contact_likelihood=sum(scores.event.get(event.value, 0.0) for event in ASKED_BY_A_PERSON),
    )


def is_office_mail(
    facts: MessageFacts,
    text: NotificationText,
    rules: TextRules,
    *,
    typed: str = "",
    words_count: bool = True,
) -> bool:
    """Tickets, trackers, shops, calendars, lists, answers: never a platform's. ``typed``: a person's words, which do not count.

    ``words_count``: an office's words count too; else only what structure says.
    """
    if facts.calendar is not None or facts.automatic in (AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY):
        return True
    if any(facts.header(header) for header in rules.office_headers):
        return True
    if facts.header("precedence").strip().lower() == "list":
        return True
    if not words_count:
        return False
    own = [line for line in text.lines[:6] if line.text.strip(_QUOTES) not in typed]
    return any(rules.office.search(line.folded) for line in (*text.subjects, *own))


def is_of_a_forum(facts: MessageFacts, scores: Scores) -> bool:
    """The program of a forum sent it: what members wrote there, whoever runs it. A person's letter with such a mark is a letter."""
    is_marked = any(facts.header(header) for header in _FORUM_HEADERS) or bool(
        _FORUM_PROGRAM.match(facts.header("x-mailer").strip())
    )
    if not is_marked or scores.kind.get(Kind.DIRECT.value, 0.0) >= _DIRECT:
        return False
    return bool(_FORUM_WORDS.search(f"{facts.subject}\n{facts.own_text[:600]}"))


def event_of_forum(found: Found) -> Found:
    """What wording tells of; a forum mails what was posted without a word of its own."""
    return found if found.is_certain else Found(Event.COMMENT, found.who, "header", is_certain=False)


def is_built_as_service(
    sender: Sender, facts: MessageFacts, text: NotificationText, rules: TextRules
) -> bool:
    """A machine sends it to many, as a service to its members."""
    if not rules.machine.search(sender.local_part):
        return False
    whole = line_of(facts.own_text[-390:] + " " + facts.signature_text[-390:]).folded
    return bool(facts.header("list-unsubscribe")) or text.has_footer or bool(rules.notice.search(whole))


def event_by_build(word: ModelsWord, found: Found, text: NotificationText, rules: TextRules) -> Found | None:
    """The contact that wording tells of; else the model's word for it, where subject or first lines speak of contact."""
    if found.event in CONTACT_OF_UNLISTED and found.is_certain:
        return found
    speaks_of_contact = any(rules.contact.search(line.folded) for line in (*text.subjects, *text.lines[:4]))
    if word.event not in CONTACT_OF_UNLISTED or not speaks_of_contact or found.is_certain:
        return None
    return Found(word.event, found.who if found.event is word.event else "", "the model", is_certain=False)


def event_by_sure_model(
    word: ModelsWord, found: Found, sender: Sender, text: NotificationText, rules: TextRules
) -> Found | None:
    """The event, where the model is very sure and a service writes of what people do there."""
    if not may_be_service(sender, rules):
        return None
    words = len(_social_words(text, rules))
    abounds = words >= _WHERE_WORDS_ABOUND and _both_say_so(word, found)
    if not (word.is_sure or abounds or _is_sure_by_wording(word, found, text)):
        return None
    # "Your 7 photos have been uploaded" fits the wording of somebody's upload, and is the recipient's own.
    is_own = found.who.casefold().startswith(("your ", "you "))
    if found.is_certain and found.event in _OTHERS_NEWS and word.event not in _OTHERS_NEWS and not is_own:
        return None
    event = _agreed(word.event, found) if word.is_sure else found.event
    needed = _words_needed(event, word)
    if needed is None or words < needed:
        return None
    if event in _OF_OFFICES_TOO and _is_a_suppliers(event, text, words):
        return None
    if event is found.event and found.is_certain:
        return found
    return Found(event, found.who if found.event is event else "", "the model", is_certain=False)


def _words_needed(event: Event, word: ModelsWord) -> int | None:
    """How many words of life among members; None where nothing makes such mail a social service's."""
    if event in _OTHERS_NEWS and not word.is_plain:
        return None
    needed = _SOCIAL_WORDS_NEEDED.get(event)
    if needed is None:
        return None
    if not word.is_sure:
        # The news itself is one ("sent you a message"): an office's services say that too.
        return 0 if word.notification >= _PLAINLY else _WHERE_WORDING_DECIDES
    return 0 if word.is_plain and event in _TOLD_WHERE_PLAIN else needed


def _both_say_so(word: ModelsWord, found: Found) -> bool:
    return found.is_certain and word.event is found.event and word.event_likelihood >= _PLAIN_EVENT


def _is_sure_by_wording(word: ModelsWord, found: Found, text: NotificationText) -> bool:
    """Wording that tells of a contact is as good as the model's own certainty of which, in languages of which it has seen little;
    where both say the same, surely, the kind may be a little less sure.
    """
    if not found.is_certain or found.event not in CONTACT_OF_UNLISTED:
        return False
    if word.event is found.event and word.event_likelihood >= _SURELY_THE_SAME:
        return word.notification >= _NOTIFICATION
    is_abroad = any(not line.text.isascii() for line in text.subjects)
    return word.notification >= (_SURELY_NOTIFICATION if is_abroad else _PLAINLY)


def _is_a_suppliers(event: Event, text: NotificationText, words: int) -> bool:
    """A photographer's gallery, a training site's welcome: accounts that an office has, and uploads that others made."""
    lines = "\n".join(line.text for line in (*text.subjects[:1], *text.lines[:_NEWS_LINES]))
    if _TEACHES_OR_SELLS.search(lines) or (words < _WHERE_WORDING_DECIDES and _TEACHES.search(lines)):
        return True
    return event is Event.UPLOAD and not _OWN_UPLOAD.search(lines)


def may_be_service(sender: Sender, rules: TextRules) -> bool:
    """A machine's address, or one that writes in its own name."""
    return bool(rules.machine.search(sender.local_part)) or writes_in_own_name(sender)


def writes_in_own_name(sender: Sender) -> bool:
    """ "Streambarn" at notify.streambarn.example, "Tia via Streambarn" too; not Anna Streambarn, anna@streambarn.example."""
    label = folded_letters(organisational_domain(sender.host).partition(".")[0])
    if len(label) < OWN_NAME_LETTERS:
        return False
    if service_beside(sender):
        return True
    words = [folded_letters(word) for word in sender.display_name.split()]
    # Not where the service's name stands first: "Berufsnetz Kontakte", kontakte@berufsnetz.example.
    if len(words) > 1 and words[0] != label and folded_letters(sender.local_part) in words:
        return False
    return label in folded_letters(sender.display_name)


def unlisted_id(sender: Sender) -> str:
    return organisational_domain(sender.host)


def unlisted_class() -> PlatformClass:
    return PlatformClass.SOCIAL


def _agreed(guessed: Event, found: Found) -> Event:
    """Wording against the model: wording knows the kind of contact; a code at sign-up is a code; else the model's word.

    What a user typed may look like a code or a welcome, so no wording of the body makes the model's contact anything else.
    """
    if not found.is_certain or found.event is guessed:
        return guessed
    if found.event in CONTACT_OF_UNLISTED and guessed in CONTACT_OF_UNLISTED:
        return found.event
    if found.event is Event.UPLOAD and found.where == "subject":
        # "Your video … is now on your profile, for all who follow you": a service names its news in the subject.
        return found.event
    return Event.SECURITY if found.event is Event.SECURITY and guessed in _OWN_ACCOUNT else guessed


def _social_words(text: NotificationText, rules: TextRules) -> frozenset[str]:
    """The different words of life among members in subject and first lines, by their first letters."""
    lines = (*text.subjects[:1], *text.lines[:_NEWS_LINES])
    return frozenset(
        match.group().casefold()[:5] for line in lines for match in rules.social.finditer(line.folded)
    )
