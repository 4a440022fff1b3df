"""Whom an allegation names.

The one a letter greets is not the one it accuses, unless the letter accuses "you". Where no name fits exactly one
representative the accused stays unnamed, and everyone but the chain may be the one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailguard.domain.people import Person

_TITLE = r"(?:mr|mrs|ms|miss|mx|dr|sir|madam|headteacher|head\s*teacher|headmaster|headmistress|head|deputy\s+head)\.?"
_GREETING = re.compile(
    rf"""^[^\S\n]{{0,40}}(?:dear|hi|hello|hey|hiya|good\s+(?:morning|afternoon|evening)|to|fao|for\s+the\s+attention\s+of|salaa?m|as-?sala[a-z]*\s+[a-z-]+|witam|bonjour
        |annwyl|helo|szanown\w+|drog[iae]|dzie[nń]\s+dobry|estimad[oa]|querid[oa]|prezad[oa]|car[oa]|gentile|egregi[oa]|ch[eè]re?|madame|monsieur|liebe[r]?|sehr\s+geehrte[r]?
        |stimat[ăaei]|drag[ăa]|bun[ăa]\s+\w+|say[ıi]n|merhaba|шановн\w+|уважаем\w+|добр\w+\s+\w+|gerbiam\w+|tisztelt)\b
        (?:[^\n,.!?:;]{{0,60}}[,!:]|[^\n,.!?:;]{{0,60}}$|\s+{_TITLE}(?:\s+[^\W\d_][\w'’-]*)?)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
# A letter may begin with the name of whom it is for: "Mrs Ormerod, I have to report ...".
_CALLED = re.compile(
    rf"""\A\s*{_TITLE}\s+[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*)?
        (?:[^\S\n]*[,:!\u2013\u2014-]?[^\S\n]*\n|\s*[,:!\u2013\u2014-]\s*(?P<goes_on>(?:i|we|please|could|can|would|may|sorry|just|thank|further|following|you)\b)?)""",
    re.IGNORECASE | re.VERBOSE,
)
# A subject that says for whom the letter is: "Private: for the Chair of Governors".
_ADDRESSED = re.compile(
    r"""\A[^\S\n]*(?:(?:strictly|private|confidential|personal|urgent|important|message|letter|note|and|&|\W)\s*){0,6}
        (?:for|to|fao|attention|attn)\b(?:\s+(?:the\s+)?(?:attention\s+of|eyes\s+of))?[^\n]{0,60}""",
    re.IGNORECASE | re.VERBOSE,
)
# Telling somebody of it is no accusation of that one.
_TOLD = re.compile(
    r"""\b(?:told|tell|telling|spoke\s+(?:to|with)|spoken\s+(?:to|with)|speak\s+(?:to|with)|informed|inform|reported\s+(?:it|this|that)?\s*to|complained\s+to|wrote\s+to|
        emailed|rang|asked|thank|thanks\s+to|met\s+with|meeting\s+with|cc|copied|copying|passed\s+(?:it|this)?\s*(?:on\s+)?to|contacted|discuss(?:ed)?\s+(?:it|this)?\s*with|
        (?:(?:and|or|please|then|will|shall|should|must|'ll|’ll)\s+go|take\s+(?:it|this|that)|taking\s+(?:it|this|that)|write|writing|report\s+(?:it|this|that|him|her|them|you)|bring\s+(?:it|this)|talk|talking|complain|own\s+up|hand\s+(?:it|this)\s+over)\s+to|
        raise\s+(?:it|this|that)\s+with|ask|contact|ring|phone|email|e-mail)\s+
        (?:(?:the|our|your|both)\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
# "You" must be the one who acts: "I tell you that Mr Brown hit him" and "one of your teachers" accuse somebody else.
_SECOND_PERSON = re.compile(
    r"""\b(?:you|u)\b(?:['\u2019](?:ve|re|d))?[^\w,;:.()\u2013\u2014]+
        (?:(?:have|had|has|were|was|are|r|did|do|been|being|keep|kept|also|then|just|always|often|even|again|really|once|twice|
           \w+ly|first|both|all|got|went|and|or|violently|hard|him|her|my|son|daughter|with)\W+){0,3}?
        (?:hit|hurt|hurting|grabbed|grab|pushed|push|shoved|touched|touch|touching|slapped|kicked|pulled|dragged|shouted|screamed|
           messaged|messaging|texted|texting|followed|following|alone|locked|threw|laid|put\W+your\W+hands?|hands?\W+on|
           sent|called|(?:asked|told)(?!\W+(?:me|us)\W+(?!not\b|to\b|nobody\b)))\b
      | \byour\W+hands?\W+(?:\w+\W+){0,2}?on\b""",
    re.IGNORECASE | re.VERBOSE,
)


# Somebody of the school is meant, though no name says who. In other scripts than Latin we do not look, and assume it.
_SOMEBODY_OF_THE_SCHOOL = re.compile(
    r"\b(?:teachers?|t\.?a\.?s?|teaching\s+assistants?|coach(?:es)?|staff|supply|head|headteacher|headmaster|headmistress|deputy|tutors?"
    r"|caretaker|governors?|sir|miss|mr|mrs|ms|dr|office|school|(?:some(?:body|one)|people|(?:wo)?m[ae]n)\s+(?:there|at\s+(?:yours|school))|one\s+of\s+your|your\s+(?:lot|man|lad|pe|people)"
    r"|nauczyciel\w*|pan[ia]?|profesor\w*|professor\w*|professeur\w*|enseignant\w*|lehrer\w*|maestr[ao]s?|ustad\w*|dom(?:nul|nului|nisoara)"
    r"|öğretmen\w*|athro|athrawes)\b|[^\x00-\u024f\s\d\W]{4}",
    re.IGNORECASE,
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

    Neither: the harm it tells of is done by somebody who is none of the school's.
    """

    persons: tuple[Person, ...]
    is_unnamed: bool
    says: str


def find_accused(
    text: str,
    staff_in_text: Callable[[str], Sequence[StaffHit]],
    recipients: Sequence[Person],
    *,
    subject: str = "",
    writers: Sequence[Person] = (),
) -> Accused:
    """Whom ``text`` (an allegation) accuses, with its ``subject``.

    ``recipients``: the representatives it is addressed to. ``writers``: who it says it is from; a name at its end is a signature.
    """
    subject, text = _ADDRESSED.sub("", subject), _without_call(text, staff_in_text, recipients)
    body = _GREETING.sub(lambda found: " " * len(found.group(0)), f"{subject}\n{text}")
    if _SECOND_PERSON.search(body) and recipients:
        return Accused(
            persons=tuple(recipients), is_unnamed=False, says="the letter accuses whoever it is addressed to"
        )
    hits = [
        hit
        for hit in staff_in_text(body)
        if hit.persons and not _TOLD.search(body[max(0, hit.start - 60) : hit.start])
    ]
    signed = {writer.id for writer in writers}
    hits = [hit for hit in hits if not (_is_signature(hit, body) and hit.persons[0].id in signed)]
    exact = {hit.persons[0].id: hit for hit in hits if len(hit.persons) == 1}
    if exact:
        named = tuple(hit.persons[0] for hit in exact.values())
        words = ", ".join(f'"{hit.words}"' for hit in exact.values())
        return Accused(persons=named, is_unnamed=False, says=f"names {words}")
    if _SOMEBODY_OF_THE_SCHOOL.search(body):
        return Accused(persons=(), is_unnamed=True, says="names nobody on the staff list exactly")
    return Accused(persons=(), is_unnamed=False, says="is about nobody of the school")


def _without_call(
    text: str, staff_in_text: Callable[[str], Sequence[StaffHit]], recipients: Sequence[Person]
) -> str:
    """`text` without the name it begins with, where that calls somebody: one it is sent to, or somebody who is spoken to next."""
    called = _CALLED.match(text)
    if called is None:
        return text
    ids = {person.id for person in recipients}
    is_reader = any(
        len(hit.persons) == 1 and hit.persons[0].id in ids for hit in staff_in_text(called.group(0))
    )
    is_a_line = called.group(0).endswith("\n")
    return text[called.end() :] if is_reader or is_a_line or called["goes_on"] else text


def _is_signature(hit: StaffHit, body: str) -> bool:
    """Alone on one of the last lines."""
    line = body[body.rfind("\n", 0, hit.start) + 1 : (body.find("\n", hit.start) + 1 or len(body) + 1) - 1]
    is_near_end = body.count("\n", hit.start) <= _SIGNATURE_LINES
    return is_near_end and len(line.strip(" \t,.-*_")) <= len(hit.words) + _BESIDE_A_NAME
