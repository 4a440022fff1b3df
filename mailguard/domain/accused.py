"""Whom an allegation names.

The one a letter greets is not the one it accuses, unless the letter accuses "you". Where no name fits exactly one
representative the accused stays unnamed, and everyone but the chain may be the one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mailguard.domain.people import Person

_TITLE = r"(?:mr|mrs|ms|miss|mx|dr|sir|madam|headteacher|head\s*teacher|headmaster|headmistress|head|deputy\s+head)\.?"
_GREETING = re.compile(
    rf"""^[^\S\n]{{0,40}}(?:dear|hi|hello|hey|hiya|good\s+(?:morning|afternoon|evening)|to|fao|for\s+the\s+attention\s+of|salaa?m|as-?sala[a-z]*\s+[a-z-]+|witam|bonjour)\b
        (?:[^\n,.!?:;]{{0,60}}[,!:]|[^\n,.!?:;]{{0,60}}$|\s+{_TITLE}(?:\s+[^\W\d_][\w'’-]*)?)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
# Greetings in other languages: a line of its own, or up to its comma.
_GREETING_ABROAD = re.compile(
    rf"""^[^\S\n]{{0,40}}(?:annwyl|helo|szanown\w{{1,4}}|drog[iae]|dzie[nń]\s+dobry|estimad[oa]|querid[oa]|prezad[oa]|car[oa]|gentile|egregi[oa]|ch[eè]re?
        |lieber?|sehr\s+geehrter?|stimat[ăaei]|drag[ăa]|say[ıi]n|merhaba|шановн\w{{1,4}}|уважаем\w{{1,4}}|gerbiam\w{{1,4}}|tisztelt)\s{{1,4}}
        (?:(?:{_TITLE}|pan[ie]?|doamn[ăa]|domnule|señora?|senhora?|herr|frau|signora?)\s{{1,4}})?[^\W\d_][\w'’-]{{0,30}}(?:\s[^\W\d_][\w'’-]{{0,30}})?[^\S\n]{{0,10}}(?:[,!:]|$)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
# A letter may begin with the name of whom it is for: "Mrs Ormerod, I have to report ...".
_CALLED = re.compile(
    rf"""\A\s{{0,40}}{_TITLE}\s{{1,4}}[^\W\d_][\w'’-]{{0,30}}(?:\s[^\W\d_][\w'’-]{{0,30}})?
        (?:\s(?P<goes_straight_on>(?:sorry|please|i|we|thank)\b)|[^\S\n]{{0,10}},?[^\S\n]{{0,10}}\n|[^\S\n]{{0,10}},\s{{1,10}}(?:(?:(?P<goes_on>(?:i|we|please|could|can|would|may|sorry|just|thank|further|following|you)\b)|(?-i:[A-Z]))))""",
    re.IGNORECASE | re.VERBOSE,
)
# A subject that says for whom the letter is, and nothing else: "Private: for the Chair of Governors only".
_ADDRESSED = re.compile(
    rf"""(?:(?:strictly|private|confidential|personal|urgent|important|message|letter|note|and|[^\w\s])\s?){{0,6}}
        (?:for|to|fao|attention|attn)\s(?:(?:the\s)?(?:attention|eyes)\sof\s)?(?:the\s)?
        (?:chair(?:man|woman)?\sof\s(?:the\s)?(?:governors|governing\sbody)|{_TITLE}(?:\s[^\W\d_][\w'’-]{{0,30}})?)(?:\sonly)?\W{{0,4}}""",
    re.IGNORECASE | re.VERBOSE,
)
# Telling somebody of it is no accusation of that one.
_TOLD = re.compile(
    r"""\b(?:told|tell|telling|spoke\s+(?:to|with)|spoken\s+(?:to|with)|speak\s+(?:to|with)|informed|inform|reported\s+(?:it|this|that)?\s*to|complained\s+to|wrote\s+to|
        emailed|rang|asked|thank|thanks\s+to|met\s+with|meeting\s+with|cc|copied|copying|passed\s+(?:it|this)?\s*(?:on\s+)?to|contacted|discuss(?:ed)?\s+(?:it|this)?\s*with)\s+
        (?:(?:the|our|your|both)\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
# Nor is it to send somebody there. Of the past it might be: "she went to the head and he hit her".
_SENT = re.compile(
    r"""\b(?:(?:and|or|please|then|will|shall|should|must|['’]ll)\s+go|take\s+(?:it|this|that)|report\s+(?:it|this|that|him|her|them|you)|own\s+up|hand\s+(?:it|this)\s+over)\s+to\s+
        (?:(?:the|our|your)\s+)?$|\braise\s+(?:it|this|that)\s+with\s+(?:(?:the|our|your)\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
# "You" must be the one who acts: "I tell you that Mr Brown hit him" and "one of your teachers" accuse somebody else. Nothing reaches
# over the end of a sentence; but "why did you ... grab him?" is one.
_GAP = r"(?:[^\w.!?]|\.(?=\.)|(?<=\.)\.(?!\.))+"
_TO_A_CHILD = rf"(?={_GAP}(?:him|her|them|my|our)\b)"
# Verbs that also say what was done to somebody ("you were mocked"), and need to say to whom it was done.
_DEEDS = rf"""(?:(?<!\bwere\W)(?<!\bwas\W)(?<!\bare\W)(?<!\bbeen\W)(?<!\bgot\W)(?:
    (?:shook|smacked|hauled|yanked|pinned|humiliated|threatened|mocked){_TO_A_CHILD}(?!{_GAP}\w+{_GAP}(?:hands?|heads?)\b)
  | struck{_TO_A_CHILD}(?!{_GAP}\w+{_GAP}(?:as|off|out)\b))
  | humiliating{_TO_A_CHILD}
  | sending{_TO_A_CHILD}(?!{_GAP}(?:\w+{_GAP}){{1,2}}?(?:home|out|away|off|back)\b)
      (?!{_GAP}(?:(?:my|our){_GAP}\w+|\w+){_GAP}(?:to|on|in|up)\b)
  | (?:kiss(?:ed|ing)|tickl(?:ed|ing)|strok(?:ed|ing)|dm(?:'d|ed|ing)){_TO_A_CHILD}
  | gave(?={_GAP}(?:\w+{_GAP}){{1,4}}?an?{_GAP}lift{_GAP}(?:home|in{_GAP}your{_GAP}car)\b)
  | took(?={_GAP}(?:\w+{_GAP}){{1,3}}?by{_GAP}(?:the|her|his|their){_GAP}
      (?:collar|arms?|neck|hair|wrists?|ears?|throat|scruff|shoulders?|hood|tie|jumper)\b))"""
_SECOND_PERSON = re.compile(
    rf"""(?<!\bas\s)\b(?:you|u)\b(?:['\u2019](?:ve|re|d))?
        (?:{_GAP}(?:have|had|has|were|was|are|r|did|do|been|being|keep|kept|also|then|just|always|often|even|again|really|once|twice|
           started|began|\w+ly|first|both|all|got|went|and|or|violently|hard|him|her|my|son|daughter|with)){{0,3}}?
        {_GAP}(?:hit|hurt|hurting|grabbed|grab|pushed|push|shoved|touched|touch|touching|slapped|kicked|pulled|dragged|shouted|screamed|
           messaged|messaging|texted|texting|talking|chatting|contacted|contacting|added|adding|inviting|followed|following|alone|locked|threw|laid|put\W+your\W+hands?|
           hands?\W+on|{_DEEDS}|
           sent|called|(?:asked|told)(?!\W+(?:me|us)\W+(?!not\b|to\b|nobody\b)))\b
      | \b(?:that|why)\W+(?:you|u)\W+(?:(?:still|always|often|also)\W+)?(?:message|text|dm|snap|kiss|tickle)
           {_GAP}(?:him|her|them){_GAP}(?:(?:on|over){_GAP}(?:snap\w*|insta\w*|whatsapp|discord|tiktok)|at{_GAP}(?:night|weekends)|late|secretly|privately)\b
      | \byour\W+hands?\W+(?:\w+\W+){{0,2}}?on\b
      | \byour\W+(?:name|number|messages?|texts?|snaps?)\W+(?:(?:was|is|were|are|all|came|comes?|up)\W+){{0,2}}?(?:on|in|over)\W+
           (?:his|her|their|\w+['\u2019]s)\W+(?:phone|mobile|screen|chats?|messages|dms|snap\w*|insta\w*|whatsapp)\b
      | \b(?:you|u)(?:['\u2019]re|\W+(?:are|were))\W+(?:all\W+over|on|in)\W+(?:(?:my|our)\W+)?(?:his|her|their|\w+['\u2019]s)\W+
           (?:snap\w*|insta\w*|whatsapp|discord|tiktok|facebook|phone)\b
      | \b(?:you|u)\W+(?:have|had|added|got)\W+(?:my|our)\W+(?:\w+\W+){{1,2}}?on\W+(?:your\W+)?
           (?:snap\w*|insta\w*|whatsapp|discord|tiktok|facebook)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# "Somebody who works with you, has been messaging her" speaks of that one.
_OF_ANOTHER = re.compile(
    r"\b(?:with|to|by|of|for|from|at|like|than|beside|near)\s+(?:you|u)\s*[,;:.]", re.IGNORECASE
)
_SUBJECT_CHARS = 200


# Somebody of the school is meant, though no name says who. In other scripts than Latin we do not look, and assume it.
_SOMEBODY_OF_THE_SCHOOL = re.compile(
    r"\b(?:teachers?|colleagues?|t\.?a\.?s?|teaching\s+assistants?|coach(?:es)?|staff|supply|head|headteacher|headmaster|headmistress|deputy|tutors?"
    r"|caretaker|governors?|sir|miss|mr|mrs|ms|dr|office|school|(?:some(?:body|one)|people|(?:wo)?m[ae]n)\s+(?:there|at\s+(?:yours|school))|one\s+of\s+your|your\s+(?:lot|man|lad|pe|people)"
    r"|nauczyciel\w*|pan[ia]?|profesor\w*|professor\w*|professeur\w*|enseignant\w*|lehrer\w*|maestr[ao]s?|ustad\w*|dom(?:nul|nului|nisoara)"
    r"|öğretmen\w*|athro|athrawes)\b|[^\x00-\u024f\s\d\W]{4}",
    re.IGNORECASE,
)


# "Helen, James" and "Morning both" speak to readers; so does a name at a sentence's beginning or end, set off by a comma.
_GREETING_WORDS = frozenset("dear hi hello hey hiya morning afternoon evening good all both and".split())
_LONGEST_GREETING = 60
_TITLE_WORD = re.compile(
    rf"{_TITLE}|(?:cllr|councillor|rev(?:d|erend)?|prof(?:essor)?|canon|father|sister)\.?", re.IGNORECASE
)
_SPOKEN_TO_BEFORE = re.compile(r"(?:\A|\n|[.!?]\s{1,3}|,\s{1,3})$")
_SPOKEN_TO_AFTER = re.compile(r"\s{0,3}(?:,|[.!?]|\n|\Z)")
# Who saw it, or talked of it, with the writer; and a pupil of that name.
_BESIDE_WRITER_BEFORE = re.compile(r"\b(?:I\s+and|me\s+and|saw|seen|met|with\s+me\s+and)\s+$", re.IGNORECASE)
_BESIDE_WRITER_AFTER = re.compile(
    r"\s+and\s+(?:I|me|myself)\b|\s+(?:saw|heard|told|mentioned|suggested|said\s+(?:I|to)|asked|noticed|reported|agrees?|knows?)\b"
)
_ANOTHER_OF_THAT_NAME = re.compile(
    r"\s+(?:(?:\(|in\s+|from\s+|of\s+)?(?:year\s+)?(?:[7-9]|1[0-3])[A-Za-z]{0,2}\b|\()"
)
_NEXT_NAME = re.compile(r"\s+(?P<name>[A-Z][\w'’-]+)")
# A colleague's given name as the one who does it. NAME is put in; as it is written, for "will" and "may" are words.
_DONE_BY = (
    r"\b[Ii]t(?:['\u2019]s|\s+is|\s+was)\s+NAME\b(?!\s+(?:who|that)\s+(?:told|said|says|asked|noticed|saw|reported|found|heard))(?!\s+[A-Z0-9])"
    r"|(?<!called )(?<!named )\bNAME\s+(?:(?:has|had|was|is|keeps|kept|been|always|again|then|even)\s+){0,3}"
    r"(?:hit|hits|hitting|slap\w*|grab\w*|shov\w+|touch(?:es|ed|ing)|kiss\w*|locks|locked|locking|rings|ringing|texts|texting|messages|messaging|dragged)"
    r"\s+(?:him|her|them|a|one|the|my|our)\b"
)
_SIGNATURE_LINES = 6
_BESIDE_A_NAME = 4  # characters: an initial, a kiss


@dataclass(frozen=True, slots=True)
class StaffHit:
    """A mention of staff in running text: the persons it may fit (several for a shared surname) and where it stands."""

    persons: tuple[Person, ...]
    start: int
    words: str


@dataclass(frozen=True, slots=True)
class Accused:
    """``persons``: named and fitting exactly one each. ``is_unnamed``: somebody of the school, but nobody it fits exactly.

    Neither: the harm it tells of is done by somebody who is none of the school's. ``is_reader_alone``: the only names are those
    of whom it is for or who is to be told.
    """

    persons: tuple[Person, ...]
    is_unnamed: bool
    says: str
    is_reader_alone: bool = False


def find_accused(
    text: str,
    staff_in_text: Callable[[str], Sequence[StaffHit]],
    recipients: Sequence[Person],
    *,
    subject: str = "",
    writers: Sequence[Person] = (),
    chain: Sequence[Person] = (),
) -> Accused:
    """Whom ``text`` (an allegation) accuses, with its ``subject``.

    ``recipients``: the representatives it is addressed to. ``writers``: who it says it is from; a name at its end is a signature.
    ``chain``: who would be told of it; a colleague may accuse them by given name.
    """
    subject = " ".join(subject.split())[:_SUBJECT_CHARS]
    whole = f"{subject}\n{text}"
    start = len(subject) + 1
    body = _GREETING.sub(_blank, whole)
    if writers:
        # Only among colleagues: "Mrs Green\nShe slapped him" of a parent begins with whom it accuses.
        body = _without_line_of_names(body, start, recipients)
    accuses_reader = bool(recipients) and _accuses_reader(body)
    called, is_sure = _called(text, staff_in_text, recipients)
    if is_sure:
        body = body[:start] + " " * called + body[start + called :]
    signed = {writer.id for writer in writers}
    named = [
        hit
        for hit in staff_in_text(body)
        if hit.persons
        and not _TOLD.search(body[max(0, hit.start - 60) : hit.start])
        and not (len(hit.persons) == 1 and hit.persons[0].id in signed and _is_signature(hit, body))
    ]
    # Blanks keep every name at its place.
    plain = _GREETING_ABROAD.sub(_blank, body)
    left = [
        hit
        for hit in named
        if not plain[hit.start].isspace()
        and not (hit.start < start and _ADDRESSED.fullmatch(subject))
        and not start <= hit.start < start + called
        and not _SENT.search(body[max(0, hit.start - 60) : hit.start])
    ]
    if accuses_reader:
        # And whoever else it names: a wrong guess at "you" must not bring it to the one it is about.
        others = {hit.persons[0].id: hit.persons[0] for hit in left if len(hit.persons) == 1}
        persons = {**{person.id: person for person in recipients}, **others}
        return Accused(
            persons=tuple(persons.values()),
            is_unnamed=False,
            says="the letter accuses whoever it is addressed to",
        )
    exact = {hit.persons[0].id: hit for hit in left or named if len(hit.persons) == 1}
    if exact:
        words = ", ".join(f'"{hit.words}"' for hit in exact.values())
        # Whom it is for, or who is to be told, and no other name: it may be that one, and may be somebody else.
        return Accused(
            persons=tuple(hit.persons[0] for hit in exact.values()),
            is_unnamed=not left,
            is_reader_alone=not left,
            says=f"names {words}" + ("" if left else ", perhaps only as its reader"),
        )
    familiar = _called_by_given_name(text, recipients) if writers else {}
    if familiar:
        words = ", ".join(f'"{word}"' for word in familiar.values())
        # It may mean another of that name: nobody but the chain gets it, and whoever is named so is told nothing.
        return Accused(
            persons=tuple(person for person in recipients if person.id in familiar),
            is_unnamed=True,
            says=f"names {words} among those it is addressed to",
        )
    blamed = accused_by_given_name(text, chain) if writers else {}
    if blamed:
        # Besides, somebody else of the school may be meant, as where no name is.
        return Accused(
            persons=tuple(person for person in chain if person.id in blamed),
            is_unnamed=True,
            says="blames "
            + ", ".join(f'"{name}"' for name in blamed.values())
            + " among those who would be told",
        )
    if _SOMEBODY_OF_THE_SCHOOL.search(body):
        return Accused(persons=(), is_unnamed=True, says="names nobody on the staff list exactly")
    return Accused(persons=(), is_unnamed=False, says="is about nobody of the school")


def _without_line_of_names(whole: str, start: int, recipients: Sequence[Person]) -> str:
    """``whole`` with its first line of text blanked where that only greets readers: "James, Mrs Bellingham"."""
    place = start + len(whole[start:]) - len(whole[start:].lstrip())
    end = whole.find("\n", place)
    line = whole[place : end if end >= 0 else len(whole)]
    known = {word.casefold() for person in recipients for word in _own_names(person)}
    if end < 0 or not line or not _greets_only(line, known):
        return whole
    return whole[:place] + " " * len(line) + whole[place + len(line) :]


def _greets_only(line: str, known: Collection[str]) -> bool:
    """A short line of nothing but readers' names, titles and words of greeting."""
    words = re.findall(r"[^\W_]+", line[: _LONGEST_GREETING + 1])
    return len(line) <= _LONGEST_GREETING and all(
        word.casefold() in known or word.casefold() in _GREETING_WORDS or _TITLE_WORD.fullmatch(word)
        for word in words
    )


def _called_by_given_name(text: str, recipients: Sequence[Person]) -> dict[str, str]:
    """Of several recipients, those of whom a colleague's letter speaks by given name (id → the name): "a thread with James on it".

    Not where it speaks to them: in a first line of names, or between commas; nor of who saw it, or of a pupil of that name.
    """
    if len({person.id for person in recipients}) < 2:
        return {}
    names = {person.id: _own_names(person) for person in recipients}
    first, _, rest = text.lstrip().partition("\n")
    known = {word.casefold() for own in names.values() for word in own}
    body = rest if _greets_only(first, known) else text
    found: dict[str, str] = {}
    for person in recipients:
        own = names[person.id]
        hits = re.finditer(rf"(?<![\w-]){re.escape(own[0])}(?![\w-])", body) if own else ()
        if any(_is_spoken_of(body, hit, own) for hit in hits):
            found[person.id] = own[0]
    return found


def accused_by_given_name(text: str, chain: Sequence[Person]) -> dict[str, str]:
    """Of the chain, those whom a colleague accuses by given name (id → the name): "who do I tell when it's Helen", "James grabbed him".

    Mentions alone are none: a note left for Helen, a girl called Alice, "will you please" of Will Hughes. Empty where all would
    be shut out, for somebody must be told.
    """
    found: dict[str, str] = {}
    for person in chain:
        own = _own_names(person)
        if own and re.search(_DONE_BY.replace("NAME", re.escape(own[0])), text):
            found[person.id] = own[0]
    return found if len(found) < len({person.id for person in chain}) else {}


def _own_names(person: Person) -> list[str]:
    """The words of a name without titles, the given name first."""
    return [word for word in person.name.split() if not _TITLE_WORD.fullmatch(word)]


def _is_spoken_of(body: str, hit: re.Match[str], own: Sequence[str]) -> bool:
    before, after = body[max(0, hit.start() - 60) : hit.start()], body[hit.end() : hit.end() + 40]
    if _SPOKEN_TO_AFTER.match(after) and _SPOKEN_TO_BEFORE.search(before):
        return False
    beside = _NEXT_NAME.match(after)
    if (beside and beside["name"] not in own) or _ANOTHER_OF_THAT_NAME.match(after):
        return False
    if _BESIDE_WRITER_BEFORE.search(before) or _BESIDE_WRITER_AFTER.match(after):
        return False
    return not (_TOLD.search(before) or _SENT.search(before))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group(0))


def _accuses_reader(body: str) -> bool:
    return any(
        not _OF_ANOTHER.search(body, max(0, found.start() - 12), found.start() + 6)
        for found in _SECOND_PERSON.finditer(body)
    )


def _called(
    text: str, staff_in_text: Callable[[str], Sequence[StaffHit]], recipients: Sequence[Person]
) -> tuple[int, bool]:
    """How far into `text` the name reaches by which it calls somebody: its reader, or whoever is spoken to next; 0 for none.

    And whether it surely calls: its reader, and the writer goes on as "I" or "we".
    """
    found = _CALLED.match(text)
    if found is None:
        return 0, False
    ids = {person.id for person in recipients}
    is_reader = any(
        len(hit.persons) == 1 and hit.persons[0].id in ids for hit in staff_in_text(found.group(0))
    )
    goes_on = bool(found["goes_on"] or found["goes_straight_on"])
    if not is_reader and not found["goes_on"]:
        return 0, False
    return found.end(), is_reader and goes_on


def _is_signature(hit: StaffHit, body: str) -> bool:
    """Alone on one of the last lines."""
    line = body[body.rfind("\n", 0, hit.start) + 1 : (body.find("\n", hit.start) + 1 or len(body) + 1) - 1]
    is_near_end = body.count("\n", hit.start) <= _SIGNATURE_LINES
    return is_near_end and len(line.strip(" \t,.-*_")) <= len(hit.words) + _BESIDE_A_NAME
