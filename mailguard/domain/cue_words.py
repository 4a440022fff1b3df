"""Wordings that make a nature likely before any model has read the text.

A cue alone decides nothing about an adult's letter: with it, a lower score of the model is enough. So a concern in few or
unusual words is not missed, and a timetable that mentions Facebook is not held. Cues only ever add.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailguard.domain.words import Nature

_CHILD = (
    r"\b(?:my|our|her|his|their|the)\s+(?:son|daughter|niece|nephew|grand(?:son|daughter|child)|lad|girl|boy|child|kid|little\s+one)s?\b"
    r"|\byear\s*(?:7|8|9|10|11)s?\b|\by(?:7|8|9|10|11)s?\b|\bhalf\s+of\s+(?:the\s+)?year\b"
    r"|\b(?:kids?|pupils?|girls?|boys?|lads?|child(?:ren)?|students?|sixth\s*formers?|minors?|u1[0-9]s?)\b|\b(?:is|was|only|just)\s+1[0-6]\b"
)
_STAFF = (
    r"\b(?:teachers?|t\.?a\.?|teaching\s+assistants?|coach(?:es)?|member\s+of\s+(?:your\s+|the\s+)?staff|supply|head\s*(?:teacher|master|mistress)?"
    r"|tutors?|caretaker|governors?|one\s+of\s+your|your\s+(?:pe|maths|english|science|head|staff|lot|ta)|p\.?e\.?\s+(?:staff|lot|department)"
    r"|mr|mrs|ms|miss|sir)\b"
    r"|\b(?:you|u|youve|you['’]ve)\b(?:\W+\w+){0,6}?\W+(?:my|her|his|our|those|them|kids?|girls?|boys?|sixth)\b"
)
_CONDUCT = (
    r"\b(?:snap(?:chat|s)?|whats\s*app(?:s|ed)?|insta(?:gram)?|tik\s*tok|face\s*book|discord|messag\w*|text(?:s|ed|ing)?|dm(?:s|ed|ing)?|online"
    r"|phone\s+number|numbers?|swapping|adding|pictures?|photos?|filming|lifts?|own\s+car|alone|secret|quiet|don['’]?t\s+tell|not\s+to\s+tell"
    r"|took\s+hold|grab\w*|hit|hits|hitting|slap\w*|push\w*|shov\w*|drag\w*|pull\w*|pin(?:s|ned)|kick\w*|threw|bruis\w*|mark\s+on|touch\w*|scream\w*"
    r"|assault\w*|drunk|drinking|vodka|vap(?:e|es|ing)|buying\s+them|presents?|gifts?|favourites?|laughing|screenshots?)\b"
)
_HARM = (
    r"\b(?:police|101|lado|ceop|court\s+order|social\s+(?:worker|services)|children['’]?s\s+services|safeguarding|groom\w*|pretend\w*\s+to\s+be"
    r"|imperson\w*|made\s*[- ]?up\s+name|fake\s+(?:account|profile|name)|calling\s+himself|older\s+man|a\s+man"
    r"|stranger|some(?:body|one)\s+online"
    r"|asking\s+(?:her|him|which|what|where|them)|wants\s+(?:her|him|them)\s+to|scared|afraid|frightened|terrified"
    r"|bruis\w*|hit(?:s|ting)?|hurt(?:s|ing)?|beat(?:s|en|ing)?"
    r"|neglect\w*|hungry|starv\w*|locked|drunk|drugs?|knife|gang|county\s+lines"
    r"|missing|self[- ]?harm\w*|cutting|overdose|suicid\w*|kill\s+(?:her|him)self"
    r"|body\s+map|concern\s+form|disclos\w*|abus\w*|exploit\w*|blackmail\w*|threaten\w*|screenshots?|contacting\s+(?:him|her|them))\b"
)
_THREAT = (
    r"\b(?:watch\s+(?:your|ur)\s+back|you['’]?ll\s+(?:see|regret|pay|be\s+sorry)|(?:i|we|il|ill|i['’]ll)\s+(?:know|no)\s+(?:where|ur|your)|sort\s+(?:you|u|him|her|them|it)\s+out"
    r"|burn|smash\w*|batter\w*|stab\w*|kill\w*|shoot|bomb|knife|punch\w*|break\s+(?:your|ur|his|her)|come\s+(?:down|up)\s+there|what\s+happens\s+(?:to|2)|end\s+(?:you|u)"
    r"|finish\s+(?:you|u)|everyone\s+knows|on\s+the\s+way\s+home|your\s+car|ur\s+car|pay\s+for\s+(?:this|it))\b"
)
_INVITE = (
    r"\b(?:face\s*book|fb|insta(?:gram)?|snap(?:chat)?|whats\s*app|tik\s*tok|linked\s*in|strava|telegram|discord|messenger|signal|be\s*real|steam|xbox|psn|roblox)\b"
    r"|\b(?:add|follow|find)\s+me\b|\bmy\s+(?:number|mobile|cell|insta|snap)\b|\b(?:your|ur)\s+(?:own\s+|personal\s+|private\s+)?(?:number|mobile)\b|\bfriend\s+request\b"
    r"|\baccepted\s+(?:your|ur|you)\b|\b(?:i['’]?ve|have|just)\s+accepted\b|\bznajomych\b|\bfacebooku\b|\bfejs\w*|فيس\s*بوك|فيسبوك|صداقة|واتس|انستا|фейсбук|вайбер|телеграм|فیس\s*بک|واٹس"
)

_COMPLAINT = (
    r"\b(?:complain\w*|unhappy|not\s+happy|unacceptable|disappointed|disappointing|disgust\w*|unfair\w*|not\s+fair|appalled|ridiculous"
    r"|fed\s+up|out\s+of\s+order|unreasonable|not\s+good\s+enough)\b"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """``needs``: patterns that must all occur; ``about``: one more that strangers' letters need, while a child writes of itself and
    a parent of its child. ``least``: the model's score that is then enough, for adults and children.
    """

    nature: Nature
    needs: tuple[re.Pattern[str], ...]
    least_of_adult: float
    least_of_child: float
    about: tuple[re.Pattern[str], ...] = ()


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


CUES: tuple[Cue, ...] = (
    Cue(Nature.ALLEGATION, _compiled(_STAFF, _CONDUCT), 0.15, 0.2, _compiled(_CHILD)),
    Cue(Nature.DISCLOSURE, _compiled(_HARM), 0.27, 0.25, _compiled(_CHILD)),
    Cue(Nature.THREAT, _compiled(_THREAT), 0.3, 0.3),
    Cue(Nature.COMPLAINT, _compiled(_COMPLAINT), 0.15, 0.2),
    Cue(Nature.SOCIAL_INVITE, _compiled(_INVITE), 0.5, 0.3),
)
_LONGEST_TEXT = 6000


def cued_natures(
    text: str, nature_scores: dict[str, float], *, is_child: bool, is_parent: bool
) -> dict[Nature, str]:
    """Natures whose wording is there and whose score suffices, each with the words found, as evidence."""
    sample = text[:_LONGEST_TEXT]
    found: dict[Nature, str] = {}
    for cue in CUES:
        least = cue.least_of_child if is_child else cue.least_of_adult
        if cue.nature in found or nature_scores.get(cue.nature.value, 0.0) < least:
            continue
        needs = cue.needs if is_child or is_parent else (*cue.needs, *cue.about)
        hits = [pattern.search(sample) for pattern in needs]
        if all(hits):
            found[cue.nature] = ", ".join(
                f'"{hit.group(0).strip().lower()}"' for hit in hits if hit is not None
            )
    return found
