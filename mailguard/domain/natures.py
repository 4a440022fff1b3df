"""Which natures hold for a direct message: what structure shows, and what the model adds.

A picture without words is ``image``; a link or handle of a social service in the sender's own words is ``social_invite``;
everything else is the model's, over thresholds that its manifest states. Nothing here makes a decision milder, but for two
things that the contract excepts: extortion mailed to everybody is no threat, and a family's arrangements are no meetings.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Collection, Mapping

from mailguard.domain.cue_words import cued_natures
from mailguard.domain.message import AttachmentFamily, MessageFacts, TextSource
from mailguard.domain.scores import Scores
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import Sender
from mailguard.domain.words import Direction, Nature

_MEDIA = {
    AttachmentFamily.IMAGE: "a picture",
    AttachmentFamily.VIDEO: "a video",
    AttachmentFamily.AUDIO: "a voice note",
}
_PERSONS = frozenset({Sender.CHILD, Sender.PROBABLE_CHILD, Sender.PARENT})
_CHILDREN = frozenset({Sender.CHILD, Sender.PROBABLE_CHILD})
_TOLD_ON = frozenset({Nature.DISCLOSURE, Nature.ALLEGATION})
# How much likelier (in logits) one of disclosure and allegation must be for the other to be taken for its echo.
_SURELY_DISCLOSURE = 0.8
_ONE_OF_TWO, _FAR_LIKELIER = 0.4, 2.0
# A covering note, as opposed to a letter that happens to carry another.
_COVERING_WORDS = 60
_FEW_WORDS = 6
_SOME_WORDS = 40
_LETTERS = re.compile(r"[^\W\d_]{3}")
_ALSO_PERSONAL = 0.3
_SURELY_MEETING = 0.8
_STRANGERS = frozenset({Sender.OTHER, Sender.FALSE_REPRESENTATIVE})
_EXTORTION = (
    re.compile(r"\b(?:bitcoins?|btc|crypto\w*|usdt|monero|ethereum|litecoin)\b|биткоин", re.IGNORECASE),
    re.compile(
        r"\b(?:web\s?cam|camera|kamera|caméra|cámara|recorded|recording|grabado|malware|trojan|cheval|hack\w*|password|device|gerät|appareil|dispositivos?"
        r"|encrypted|databases?|your\s+(?:site|domain|computer|screen|files)|wallet)\b",
        re.IGNORECASE,
    ),
)
_OF_A_SCHOOL = re.compile(
    r"\b(?:schools?|pupils?|students?|child(?:ren)?|kids|teachers?|class(?:room)?|parents?|sons?|daughters?|girls?|boys?|grades?|marks|escuela|schüler|école)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:secret\w*|between\s+(?:us|you\s+and\s+me|ourselves)|do\s?n['’]?o?t\s+(?:tell|mention|say)|no\s?one|nobody|not\s+a\s+word|delete|hush|quiet(?:ly)?|discreet\w*)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|odp|fwd?|wg|tr)\s*:", re.IGNORECASE)
_FIRM = re.compile(
    r"\b(?:ltd|limited|llp|est\.?|established|since\s+(?:19|20)\d\d|vat|company\s+(?:no|number)|reg(?:istered)?\.?\s+(?:no|charity|in|office)|follow\s+us)\b",
    re.IGNORECASE,
)
_CARD_LINE = re.compile(
    rf"https?://|www\.|@\w|\w\.(?:com|co\.uk|org|net|example)\b|{_FIRM.pattern}|\b(?:tel|mob(?:ile)?|e-?mail|web(?:site)?)\b|\d{{5}}",
    re.IGNORECASE,
)
_CARD_LINES, _CARD_AT_MOST, _CARD_LINE_CHARS = 3, 12, 200
_ADDRESS_SIGNS = frozenset("./@")
_SPEAKS_OF_ME = re.compile(r"\b(?:me|my|mine|i|i['’]m|u)\b", re.IGNORECASE)
_SCHOOL_BUSINESS = ("schoolwork", "admin", "complaint")


def find_natures(
    facts: MessageFacts,
    scores: Scores,
    *,
    sender: Sender,
    direction: Direction,
    signals: list[Signal],
    social_link: Callable[[str], str] | None,
    retold: Scores | None = None,
    is_to_chain: bool = False,
    is_family: bool = False,
    is_read_if_delivered: bool = False,
) -> tuple[tuple[Nature, ...], Nature]:
    """All natures that hold (never empty), gravest first, and the one to show. Appends the signals that say why.

    ``retold``: scores of what the message forwards; a concern passed on is a concern. ``is_to_chain``: internal mail to the
    chain of readers only. ``is_family``: the parties have a declared relationship, who meet every day.
    ``is_read_if_delivered``: what the model does not understand of such a message is offered to people to read.
    """
    found: dict[Nature, None] = {}
    words = re.findall(r"[^\W\d_]+", facts.own_text)
    media = [attachment for attachment in facts.attachments if attachment.family in _MEDIA]
    is_person = sender in _PERSONS or direction is Direction.OUTBOUND
    if media and is_person and _picture_is_the_message(len(words), scores, subject=_own_subject(facts)):
        found[Nature.IMAGE] = None
        signals.append(
            Signal(SignalCode.PICTURE_ONLY, f"{_MEDIA[media[0].family]} is the message", "attachments")
        )
    if social_link is not None and is_person:
        of_business = contact_block(facts) if sender is Sender.PARENT else ""
        for link in facts.links:
            is_own = link.source is TextSource.OWN and link.url.partition("://")[2] not in of_business
            platform = social_link(link.url) if is_own else ""
            if platform:
                found[Nature.SOCIAL_INVITE] = None
                signals.append(
                    Signal(SignalCode.NATURE_LINK, f"a link to {platform} in the sender's own words", "link")
                )
    is_child = sender in _CHILDREN
    over = scores.natures_of(is_child=is_child)
    if direction is Direction.OUTBOUND:
        # A representative who writes to a child often writes as one writes to a child.
        over = tuple(dict.fromkeys((*over, *scores.natures_of(is_child=True))))
    for word in over:
        nature = Nature(word)
        if (nature is Nature.IMAGE and not media) or (nature is Nature.AUTOMATIC and is_person):
            continue
        found[nature] = None
        reasons = ", ".join(f'"{reason}"' for reason in scores.reasons.get(f"nature.{word}", ())[:4])
        says = f"{word} {scores.nature.get(word, 0.0):.2f}" + (f" ({reasons})" if reasons else "")
        signals.append(Signal(SignalCode.NATURE_MODEL, says, f"model {scores.model_id}"))
    # Colleagues write of pupils, phones and concerns all day: there the model must be sure by itself, save where they
    # write to the chain alone, which is delivered and opens a case.
    if direction is not Direction.INTERNAL or is_to_chain:
        text = f"{facts.subject}\n{facts.own_text}"
        for nature, words_found in _cued(text, scores, sender).items():
            if nature not in found:
                found[nature] = None
                says = f"wording {words_found}, with {nature.value} {scores.nature[nature.value]:.2f}"
                signals.append(Signal(SignalCode.NATURE_WORDS, says, f"words and model {scores.model_id}"))
    if set(found) >= _TOLD_ON and direction is not Direction.OUTBOUND and _is_allegation_alone(scores):
        # Both weigh alike and are decided alike; what an adult of the school did is "allegation" alone.
        del found[Nature.DISCLOSURE]
    if retold is not None and not is_child and len(words) <= _COVERING_WORDS:
        for word in retold.natures_of(is_child=True):
            if Nature(word) in _TOLD_ON and Nature(word) not in found:
                found[Nature(word)] = None
                says = f"forwards words that read as {word} {retold.nature.get(word, 0.0):.2f}"
                signals.append(
                    Signal(SignalCode.NATURE_MODEL, says, f"model {retold.model_id}, forwarded text")
                )
    if sender in _STRANGERS and Nature.THREAT in found and is_mass_extortion(facts):
        del found[Nature.THREAT]
        signals.append(
            Signal(SignalCode.NATURE_WORDS, "extortion as it is mailed to everybody: no threat", "own words")
        )
    if is_family and Nature.MEETING_OR_SECRECY in found and not _is_secret_or_sure(facts, scores):
        del found[Nature.MEETING_OR_SECRECY]
        signals.append(Signal(SignalCode.NATURE_WORDS, "a family's arrangement: no meeting", "own words"))
    if _is_open_invitation(facts, scores, sender, found):
        del found[Nature.MEETING_OR_SECRECY]
        found[Nature.PERSONAL] = None
        signals.append(
            Signal(SignalCode.NATURE_WORDS, "an open invitation between adults: personal", "own words")
        )
    if not found:
        likeliest = _likeliest(scores, is_child=is_child)
        found[likeliest] = None
        if scores.model_id and not scores.is_foreign:
            signals.append(_uncertain(f"the model is not sure; most like {likeliest.value}", scores))
    elif scores.is_uncertain and scores.model_id and not scores.is_foreign:
        unsure = "who writes" if scores.natures_over_threshold else "what it is about"
        signals.append(_uncertain(f"the model is not sure {unsure}", scores))
    if scores.is_foreign:
        then = (
            "; when it is delivered, it waits on the page of samples for somebody to read it"
            if is_read_if_delivered
            else ", and its best guess opens nothing"
        )
        signals.append(_uncertain(f"the model does not know most of its words{then}", scores))
    ordered = tuple(sorted(found, key=lambda nature: nature.gravity))
    return ordered, ordered[0]


def _uncertain(says: str, scores: Scores) -> Signal:
    return Signal(SignalCode.MODEL_UNCERTAIN, says, f"model {scores.model_id}")


def _is_allegation_alone(scores: Scores) -> bool:
    likelihood = scores.nature.get(Nature.DISCLOSURE.value, 0.0)
    return likelihood < _SURELY_DISCLOSURE and _lead(scores) <= -_ONE_OF_TWO


def is_only_an_echo(natures: Collection[Nature], scores: Scores, *, is_child: bool) -> bool:
    """Wording alone made it an allegation, while the model is sure of a disclosure and thinks little of the other.

    Whether it may be let go, the names in it say: see ``assess``.
    """
    return (
        set(natures) >= _TOLD_ON
        and Nature.ALLEGATION.value not in scores.natures_of(is_child=is_child)
        and _lead(scores) >= _FAR_LIKELIER
    )


def _lead(scores: Scores) -> float:
    """By how much, in logits, the model thinks disclosure likelier than allegation."""
    odds = [
        math.log(value / (1 - value))
        for nature in (Nature.DISCLOSURE, Nature.ALLEGATION)
        for value in (min(max(scores.nature.get(nature.value, 0.0), 1e-6), 1 - 1e-6),)
    ]
    return odds[0] - odds[1]


def is_surely_schoolwork(scores: Scores) -> bool:
    """True when the model says so of a child's text over its threshold: a best guess opens no approved channel."""
    return Nature.SCHOOLWORK.value in scores.natures_of(is_child=True) and not scores.is_foreign


def _cued(text: str, scores: Scores, sender: Sender) -> dict[Nature, str]:
    return cued_natures(
        text, dict(scores.nature), is_child=sender in _CHILDREN, is_parent=sender is Sender.PARENT
    )


def _likeliest(scores: Scores, *, is_child: bool) -> Nature:
    """The best guess among natures that hold nothing; grave ones need their threshold, a parent's "personal" too."""
    guesses = {"schoolwork", "admin", "complaint", "other"} | ({"personal"} if is_child else set())
    harmless = [(value, word) for word, value in scores.nature.items() if word in guesses]
    return Nature(max(harmless)[1]) if harmless else Nature.OTHER


def is_mass_extortion(facts: MessageFacts) -> bool:
    """Money in a currency of computers, for a film or files somebody claims to have; and not a word of a school or a child.

    Such mail goes out by the million (DECISIONS, row D5). What names children or the school may be meant for this one.
    """
    text = f"{facts.subject}\n{facts.own_text}"
    return all(pattern.search(text) for pattern in _EXTORTION) and not _OF_A_SCHOOL.search(text)


def _is_secret_or_sure(facts: MessageFacts, scores: Scores) -> bool:
    likelihood = scores.nature.get(Nature.MEETING_OR_SECRECY.value, 0.0)
    return likelihood >= _SURELY_MEETING or bool(_SECRET.search(f"{facts.subject}\n{facts.own_text}"))


def _is_open_invitation(
    facts: MessageFacts, scores: Scores, sender: Sender, found: Mapping[Nature, None]
) -> bool:
    """A parent asks a teacher round, and makes no secret of it: private talk between adults. Decided alike (row D6)."""
    return (
        sender is Sender.PARENT
        and Nature.MEETING_OR_SECRECY in found
        and scores.nature.get(Nature.PERSONAL.value, 0.0) >= _ALSO_PERSONAL
        and not _SECRET.search(f"{facts.subject}\n{facts.own_text}")
    )


def contact_block(facts: MessageFacts) -> str:
    """The lines below the writer's name, up to an empty one, that say where to find a firm: a card, not an invitation.

    "" when there are none. A firm must be told of, at least three lines must look like a card's, and none may speak of "me".
    """
    name = next((mailbox.display_name for mailbox in facts.named("From")), "")
    folded = " ".join(name.partition("|")[0].split()).casefold()
    lines = [" ".join(line.split()) for line in facts.own_text.splitlines()]
    below = [place for place, line in enumerate(lines) if place and folded and line.casefold() == folded]
    if not below or not any(lines[: below[0]]):
        return ""
    block = list(itertools.takewhile(bool, lines[below[0] + 1 :]))
    if len(block) > _CARD_AT_MOST or any(len(line) > _CARD_LINE_CHARS for line in block):
        return ""
    is_firm = any(_FIRM.search(line) for line in block)
    is_card = sum(bool(_CARD_LINE.search(line)) for line in block) >= _CARD_LINES
    words = " ".join(word for line in block for word in line.split() if not _ADDRESS_SIGNS.intersection(word))
    return "\n".join(block) if is_firm and is_card and not _SPEAKS_OF_ME.search(words) else ""


def _own_subject(facts: MessageFacts) -> str:
    """The subject where the writer chose it: an answer's is somebody else's."""
    is_answer = bool(_ANSWER.match(facts.subject)) or bool(facts.header("in-reply-to"))
    return "" if is_answer else facts.subject


def _picture_is_the_message(word_count: int, scores: Scores, *, subject: str) -> bool:
    """No school business in words: an enclosure ("my homework is attached") is not the message itself."""
    business = max((scores.nature.get(word, 0.0) for word in _SCHOOL_BUSINESS), default=0.0)
    if word_count <= _FEW_WORDS:
        return (word_count == 0 and not _LETTERS.search(subject)) or business < 0.6
    return bool(scores.nature) and word_count <= _SOME_WORDS and business < 0.3
