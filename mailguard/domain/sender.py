"""Who wrote a direct message: the most child-like reading of everything that names its sender.

A claim that would lower suspicion (to be a representative) does not hold when authentication failed; one that raises it
always holds. Source: DECISIONS.md, "Party", "Initiator", rules 1 and 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mailguard.domain.message import AuthenticationResult, AutomaticMark, MessageFacts
from mailguard.domain.parties import Party, on_list
from mailguard.domain.people import Person, PersonMatch
from mailguard.domain.roll import SchoolLists
from mailguard.domain.scores import Scores
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import Sender
from mailguard.domain.words import Certainty, PersonList

PUPILS = frozenset({PersonList.PUPILS})

_PARENT_WORDS = (
    r"(?:mums?|mams?|moms?|mummy|mother|dads?|daddy|father|nans?|nana|grans?|grandma|grandad|parents?)"
)
_NOT_THE_PARENT = re.compile(
    rf"""\b(?:not|isn['’]?t|aint|ain['’]t)\s+(?:really\s+)?(?:my\s+|her\s+|his\s+)?{_PARENT_WORDS}\b(?!['’]?s?\s+\w)
       |\b(?:not|isn['’]?t)\s+(?:my\s+)?{_PARENT_WORDS}\s*(?:lol|haha|lmao|btw|[:;!.,?(\n]|$|\W{{0,3}}\s*(?:she|he|they)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_BORROWED = re.compile(
    r"""\b(?:on|from|using|borrow(?:ed|ing)?|nicked|got|have|with|use|off)\s+(?:my\s+|me\s+)?
      (?:mum|mam|mom|mummy|dad|daddy|nan|nana|gran|grandma|grandad|parent|parents|auntie|sister|brother)(?:['’]?s|s['’])?\s+
      (?:phone|fone|account|acc|email|e-mail|laptop|ipad|tablet|computer|mail|address)\b
      |\b(?:mum|mam|mom|dad|nan|gran)\s+(?:let|lets|said\s+i\s+(?:can|could)|gave)\b[^.!?\n]{0,30}\b(?:borrow|use|her|his)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# The same in other languages; only who writes says it so ("piszę z maila taty").
_BORROWED_ABROAD = re.compile(
    r"""\bz\s+(?:maila|mejla|poczty|telefonu|konta|komórki)\s+(?:mojej\s+|mojego\s+)?(?:mamy|taty|mam[yu]si|tat[yu]sia|babci|siostry|brata)\b
      |\bde\s+pe\s+(?:mailul|telefonul|contul|adresa)\s+(?:mamei|tatei|lui\s+tata|lu['’]?\s+tata|bunicii)\b
      |\b(?:ammi|abbu|abu|ami|papa|mama|mummy|dadi|nani)\s+k[aey]{1,2}\s+(?:phone|fone|mobile|number|email|mail|account)\s+se\b
      |\b(?:depuis|avec|sur)\s+(?:le|la|l['’])\s?(?:téléphone|portable|compte|mail|adresse|boîte)\s+de\s+(?:ma\s+mère|mon\s+père|maman|papa)\b
      |\b(?:desde|con)\s+(?:el|la)\s+(?:móvil|movil|teléfono|telefono|correo|cuenta|email)\s+de\s+(?:mi\s+)?(?:madre|padre|mamá|papá|mama|papa)\b
      |\b(?:do|pelo|no|da|pela)\s+(?:telemóvel|telemovel|celular|telefone|email|e-mail|mail|conta)\s+d[ao]\s+(?:minha\s+|meu\s+)?(?:mãe|mae|pai|avó)\b
      |\b(?:annemin|babamın|babamin|anneannemin)\s+(?:telefonundan|mailinden|hesabından|hesabindan|e-postasından)\b
      |\b(?:von|vom|mit)\s+(?:mamas|papas)\s+(?:handy|konto|mail|adresse)\b|\bvom\s+handy\s+(?:meiner\s+mutter|meines\s+vaters)\b
      |\b(?:з|із|с|со)\s+(?:маминого|татового|папиного)\s+(?:телефону?а?|пошти|почты|акаунту)\b|\bс\s+(?:маминой|папиной)\s+почты\b
      |\b(?:iš|nuo)\s+(?:mamos|tėčio|tevo|tėvo)\s+(?:telefono|pašto)\b|\bar\s+(?:ffôn|ebost)\s+(?:mam|dad)\b
      |من\s+(?:هاتف|جوال|موبايل|تليفون|ايميل|إيميل|بريد)\s+(?:ال)?(?:امي|أمي|ابي|أبي|بابا|ماما|والدي|والدتي)""",
    re.IGNORECASE | re.VERBOSE,
)
# A line added to a parent's letter, which speaks of the parent as one who is away: "its ella, mum left her phone".
_LEFT_ABOUT = re.compile(
    r"(?<!my )(?<!his )(?<!her )(?<!their )\b(?:(?:mum|mam|mom|mummy|nan|gran)\s+(?:left|has\s+left|forgot|put\s+down)\s+her"
    r"|(?:dad|daddy)\s+(?:left|has\s+left|forgot|put\s+down)\s+his)\s+(?:phone|ipad|tablet|laptop|computer|e?-?mails?)\b"
    r"|(?<!my )(?<!his )(?<!her )(?<!their )\b(?:mum|mam|mom|mummy|dad|daddy|nan|gran)\s+(?:isn['’]?t|not|aint)\s+looking\b"
    r"(?!\s+(?:good|well|too|great))",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|im|i['’]m|ive|i['’]ve|me|my)\b", re.IGNORECASE)
# Nobody but the one who writes says it so.
_MYSELF = re.compile(
    r"\b(?:its|it['’]s|it\s+is|this\s+is)\s+(?:only\s+|just\s+)?me\b[\s,!.:-]{1,4}(?P<after>[^\W\d_][\w'’-]{1,20})\b(?!['’]s)"
    r"|\b(?P<before>[^\W\d_][\w'’-]{1,20})\s+here\b(?=\s*(?:on|from|using|again|miss|sir|[,!.:)-]|$))",
    re.IGNORECASE | re.MULTILINE,
)
_SELF_NAMED = re.compile(
    r"\b(?:its|it['’]s|it\s+is|this\s+is|im|i['’]m|i\s+am|my\s+name\s+is|my\s+names)\s+(?:me\W{1,3})?(?P<after>[^\W\d_][\w'’-]{1,20})\b"
    r"|\b(?P<before>[^\W\d_][\w'’-]{1,20})\s+here\b|^[^\w\n]{0,20}(?P<alone>[^\W\d_]{2,20})(?:[^\S\n]{1,5}\d{1,2}\w{0,2})?[^\w\n]{0,20}$",
    re.IGNORECASE | re.MULTILINE,
)
# In other languages, only beside a borrowed account or a child's voice: "main Ella ki ammi" is Ella's mother.
_SELF_NAMED_ABROAD = re.compile(
    r"\b(?:tu|c['’]est|soy|sunt|sou|aqui\s+é\s+o|ben|hier\s+ist|ich\s+bin|jestem|main|mai)\s+(?P<after>[^\W\d_][\w'’-]{1,20})\b(?!\s+k[aeiy]{1,2}\b)",
    re.IGNORECASE,
)
_IN_FORM = re.compile(
    r"\b(?:i['’]?m|i\s+am|its|it['’]s|this\s+is|me)\b[^\n.!?]{0,40}?\b(?:in|from)\s+(?:your\s+|ur\s+)?(?:(?:yr|year|y)\s?(?:7|8|9|10|11)\b|(?:7|8|9|10|11)[a-zA-Z]{1,2}\b|"
    r"(?:english|maths?|science|history|geography|art|french|german|spanish|dt|pe|drama|music|tutor|form|set)\s*(?:class|set|group|form)?\b)",
    re.IGNORECASE,
)


# What a stranger's account says of itself: "its tyler jones 9C, new acc".
_INTRODUCES_ITSELF = re.compile(
    r"(?:^|[.!?\n,:;]\s*|\b(?:sir|miss|hi|hiya|hey|hello)\b[\s,]*)(?:it['’]?s|it\s+is|i['’]?m|i\s+am|this\s+is|my\s+names?(?:['’]?s)?(?:\s+is)?|me)\s+"
    r"[^\W\d_][\w'’-]{1,20}(?:\s[^\W\d_][\w'’-]{1,20}){1,2}",
    re.IGNORECASE,
)

# "On mums kithbook": on a platform the account goes by the platform's name.
_ON_KINS_ACCOUNT = re.compile(
    r"\b(?:on|from|using|use|via|off)\s+(?:my\s+|me\s+)?(?:mum|mam|mom|mummy|dad|daddy|nan|nana|gran|grandma|grandad)(?:['’]?s|s['’])?\s+"
    r"(?!side\b|behalf\b|birthday\b|and\b|or\b)[^\W\d_]{2,}",
    re.IGNORECASE,
)

# With a child's own name beside it, a voice need not be beyond doubt.
_LIKELY_CHILD = 0.5


@dataclass(frozen=True, slots=True)
class SenderFinding:
    """``childs_places``: where a listed child or an address under a pupil domain stands, as ``Party.where`` says it."""

    sender: Sender
    matches: tuple[PersonMatch, ...] = ()
    signals: tuple[Signal, ...] = ()
    is_school_account: bool = False
    childs_places: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Evidence:
    matches: list[PersonMatch] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)

    def add(
        self, code: SignalCode, people: tuple[Person, ...], party: Party, certainty: Certainty, says: str
    ) -> None:
        shown = certainty if len(people) <= 1 or certainty is Certainty.EXACT else Certainty.ONE_OF
        for person in people:
            self.matches.append(PersonMatch(person, party.where, shown, party.address))
            self.signals.append(Signal(code, says.format(id=person.id, where=party.where), person.source))


def find_sender(
    facts: MessageFacts,
    senders: tuple[Party, ...],
    lists: SchoolLists,
    scores: Scores,
    authenticated: AuthenticationResult,
    signed_names: Callable[[str], tuple[Person, ...]],
) -> SenderFinding:
    """Who wrote, with the persons it may be and the signals that say so."""
    evidence = _Evidence()
    # RFC 2142: a domain's own machinery is no pupil, when it reports as machinery does.
    is_report = facts.automatic is AutomaticMark.REPORT
    child, parent, representative = _listed_senders(senders, lists, evidence, is_report=is_report)
    if child:
        return SenderFinding(
            sender=Sender.CHILD,
            matches=tuple(evidence.matches),
            signals=tuple(evidence.signals),
            is_school_account=any(lists.is_pupil_domain(party.address) for party in senders),
            childs_places=frozenset(party.where for party in senders if _is_childs(party.address, lists)),
        )
    adult = Sender.PARENT if parent else Sender.REPRESENTATIVE if representative else Sender.OTHER
    if adult is not Sender.REPRESENTATIVE and _is_probably_a_child(
        facts, senders, lists, scores, signed_names, evidence, is_parent=parent
    ):
        return SenderFinding(Sender.PROBABLE_CHILD, tuple(evidence.matches), tuple(evidence.signals))
    if adult is Sender.REPRESENTATIVE and authenticated is AuthenticationResult.FAIL:
        adult = Sender.FALSE_REPRESENTATIVE
        if _forged_by_a_child(scores, evidence):
            adult = Sender.PROBABLE_CHILD
        evidence.signals.append(
            Signal(
                SignalCode.FALSE_REPRESENTATIVE,
                "claims to be a representative, but authentication failed",
                "authentication",
            )
        )
    return SenderFinding(adult, tuple(evidence.matches), tuple(evidence.signals))


def _listed_senders(
    senders: tuple[Party, ...], lists: SchoolLists, evidence: _Evidence, *, is_report: bool
) -> tuple[bool, bool, bool]:
    child = parent = representative = False
    seen: set[str] = set()
    for party in senders:
        # The first place that names an address tells enough of it; header From comes first.
        if not party.address or party.address.lower() in seen:
            continue
        seen.add(party.address.lower())
        people = lists.by_address(party.address)
        pupils = on_list(people, PersonList.PUPILS)
        if pupils:
            child = True
            evidence.add(SignalCode.PUPIL_ADDRESS, pupils, party, Certainty.EXACT, "{where} is pupil {id}")
            continue
        if lists.is_pupil_domain(party.address) and not (is_report and _is_postmaster(party.address)):
            child = True
            evidence.signals.append(
                Signal(
                    SignalCode.PUPIL_DOMAIN, f"{party.where} is under a pupil domain", "school.pupil_domains"
                )
            )
            continue
        parents = on_list(people, PersonList.PARENTS)
        if parents:
            parent = True
            evidence.add(SignalCode.PARENT_ADDRESS, parents, party, Certainty.EXACT, "{where} is parent {id}")
        # A reply address or a list's Sender at school does not make an outsider a representative.
        if party.where in ("header From", "MAIL FROM") and lists.is_representative(party.address):
            representative = representative or party.where == "header From" or not _has_from(senders)
            staff = on_list(people, PersonList.STAFF)
            evidence.add(
                SignalCode.STAFF_ADDRESS, staff, party, Certainty.EXACT, "{where} is representative {id}"
            )
            if not staff:
                evidence.signals.append(
                    Signal(
                        SignalCode.STAFF_ADDRESS,
                        f"{party.where} is under the school's domain",
                        "school.domains",
                    )
                )
    return child, parent, representative


def _is_childs(address: str, lists: SchoolLists) -> bool:
    listed = bool(on_list(lists.by_address(address), PersonList.PUPILS))
    return listed or (lists.is_pupil_domain(address) and not _is_postmaster(address))


def _has_from(senders: tuple[Party, ...]) -> bool:
    return any(party.where == "header From" and party.address for party in senders)


def _is_postmaster(address: str) -> bool:
    return address.partition("@")[0].lower() in {"postmaster", "mailer-daemon"}


def _is_probably_a_child(
    facts: MessageFacts,
    senders: tuple[Party, ...],
    lists: SchoolLists,
    scores: Scores,
    signed_names: Callable[[str], tuple[Person, ...]],
    evidence: _Evidence,
    *,
    is_parent: bool,
) -> bool:
    before = len(evidence.signals)
    personal = False
    for party in senders:
        if not party.address or (is_parent and lists.by_address(party.address)):
            continue
        near = lists.near_address(party.address)
        if near:
            evidence.add(
                SignalCode.NEAR_ADDRESS,
                near,
                party,
                Certainty.NEAR,
                "{where} is nearly an address of pupil {id}",
            )
        if lists.is_lookalike_of_pupil_domain(party.address):
            evidence.signals.append(
                Signal(
                    SignalCode.LOOKALIKE_PUPIL_DOMAIN,
                    f"the domain of {party.where} imitates the pupils'",
                    party.where,
                )
            )
        if lists.is_personal_mail(party.address):
            personal = True
            named = lists.named(party.display_name, PUPILS) if party.display_name else ()
            if named:
                evidence.add(
                    SignalCode.ROLL_NAME, named, party, Certainty.NAME, "the name in {where} fits pupil {id}"
                )
    if lists_lookalike := [
        s for s in evidence.signals[before:] if s.code is SignalCode.LOOKALIKE_PUPIL_DOMAIN
    ]:
        for party in senders:
            named = lists.named(party.display_name, PUPILS) if party.display_name else ()
            if named and lists_lookalike:
                evidence.add(
                    SignalCode.ROLL_NAME, named, party, Certainty.NAME, "the name in {where} fits pupil {id}"
                )
    if is_parent:
        if len(evidence.signals) == before:
            _child_on_parent_address(facts, lists, scores, evidence)
    elif personal:
        _unknown_child(facts, scores, signed_names, evidence, already=len(evidence.signals) > before)
    return len(evidence.signals) > before


def _child_on_parent_address(
    facts: MessageFacts, lists: SchoolLists, scores: Scores, evidence: _Evidence
) -> None:
    text = f"{facts.subject}\n{facts.own_text}"
    parents = [match for match in evidence.matches if match.person.list is PersonList.PARENTS]
    children = {child.id: child for match in parents for child in lists.pupils_of(match.person.id)}
    party = Party(parents[0].address if parents else "", "", "own words")
    named = _own_children_named(f"{text}\n{facts.signature_text}", tuple(children.values()), lists)
    borrowed = _BORROWED.search(text) is not None
    likely_child = scores.is_child_voice or scores.initiator.get("child", 0.0) >= _LIKELY_CHILD
    says_so = (
        _myself_named(text, named, lists)
        or _NOT_THE_PARENT.search(text) is not None
        or (
            _BORROWED_ABROAD.search(text) is not None
            and _is_no_parents(facts, parents, children, lists, likely_child=likely_child)
        )
        or _added_below(text, tuple(children.values()), lists)
        or (borrowed and (bool(named) or likely_child or _FIRST_PERSON.search(text) is not None))
    )
    if says_so:
        people = named or tuple(children.values())
        words = "says that pupil {id} writes on a parent's account"
        evidence.add(SignalCode.CHILD_ON_PARENT_ADDRESS, people, party, Certainty.NAME, words)
        if not people:
            evidence.signals.append(
                Signal(
                    SignalCode.CHILD_ON_PARENT_ADDRESS,
                    "says that a child writes on a parent's account",
                    "own words",
                )
            )
        return
    display = {mailbox.display_name for mailbox in facts.named("From") if mailbox.display_name}
    for name in display:
        fits = tuple(child for child in lists.named(name, PUPILS) if child.id in children)
        parent_too = any(
            match.person in lists.named(name, frozenset({PersonList.PARENTS})) for match in parents
        )
        if fits and not parent_too:
            header = Party(party.address, name, "header From")
            evidence.add(
                SignalCode.ROLL_NAME,
                fits,
                header,
                Certainty.NAME,
                "the name in {where} fits pupil {id}, not the parent",
            )
            return
    abroad = _called_abroad(text, tuple(children.values()), lists) if likely_child else ()
    if abroad or (named and (likely_child or _IN_FORM.search(text))):
        evidence.add(
            SignalCode.CHILD_CLAIM, named or abroad, party, Certainty.NAME, "introduces itself as pupil {id}"
        )
        return
    if scores.is_child_voice:
        reasons = ", ".join(f'"{word}"' for word in scores.reasons.get("initiator.child", ())[:4])
        evidence.add(
            SignalCode.CHILD_VOICE,
            tuple(children.values()),
            party,
            Certainty.NAME,
            f"reads as written by a child ({reasons or 'wording'}), perhaps pupil {{id}}",
        )
        if not children:
            evidence.signals.append(
                Signal(SignalCode.CHILD_VOICE, f"reads as written by a child ({reasons})", "model")
            )


def _forged_by_a_child(scores: Scores, evidence: _Evidence) -> bool:
    """A colleague's address that failed authentication: a site that "sends as anyone" is a pupils' prank, too."""
    if not scores.is_child_voice:
        return False
    evidence.signals.append(_child_voice(scores))
    return True


def _child_voice(scores: Scores) -> Signal:
    reasons = ", ".join(f'"{word}"' for word in scores.reasons.get("initiator.child", ())[:4])
    return Signal(SignalCode.CHILD_VOICE, f"reads as written by a child ({reasons or 'wording'})", "model")


def _own_children_named(text: str, children: tuple[Person, ...], lists: SchoolLists) -> tuple[Person, ...]:
    """Which of a parent's children introduces itself ("its ella", "ella here", "ella" on a line of its own)."""
    words = {
        word.lower(): None
        for found in _SELF_NAMED.finditer(text)
        for word in (found.group("after") or found.group("before") or found.group("alone"),)
        if not word.lower().endswith(("'s", "’s"))
    }
    return _children_called(words, children, lists)


def _children_called(
    words: Iterable[str], children: tuple[Person, ...], lists: SchoolLists
) -> tuple[Person, ...]:
    return tuple(
        child
        for child in children
        for surname in (child.name.split()[-1],)
        if any(child in lists.named(f"{word} {surname}", PUPILS) for word in words)
    )


def _is_no_parents(
    facts: MessageFacts,
    parents: list[PersonMatch],
    children: Mapping[str, Person],
    lists: SchoolLists,
    *,
    likely_child: bool,
) -> bool:
    """A child names itself in the text (the subject is whom it is about), or the model hears one; and no parent signs."""
    text = f"{facts.own_text}\n{facts.signature_text}"
    folded = text.casefold()
    if any(all(word.casefold() in folded for word in match.person.name.split()) for match in parents):
        return False
    named = _own_children_named(text, tuple(children.values()), lists)
    return likely_child or bool(named or _called_abroad(text, tuple(children.values()), lists))


def _called_abroad(text: str, children: tuple[Person, ...], lists: SchoolLists) -> tuple[Person, ...]:
    return _children_called([found["after"] for found in _SELF_NAMED_ABROAD.finditer(text)], children, lists)


def _added_below(text: str, children: tuple[Person, ...], lists: SchoolLists) -> bool:
    """Whether one line names a child as its writer and the parent as away."""
    lines = (line for line in text.splitlines() if _LEFT_ABOUT.search(line))
    return any(_own_children_named(line, children, lists) for line in lines)


def _myself_named(text: str, named: tuple[Person, ...], lists: SchoolLists) -> bool:
    """Whether one of the children named says "it's me, ella" or "ella here"."""
    words = (found.group("after") or found.group("before") for found in _MYSELF.finditer(text))
    pairs = ((child, f"{word} {child.name.split()[-1]}") for word in words for child in named)
    return any(child in lists.named(name, PUPILS) for child, name in pairs)


def _unknown_child(
    facts: MessageFacts,
    scores: Scores,
    signed_names: Callable[[str], tuple[Person, ...]],
    evidence: _Evidence,
    *,
    already: bool,
) -> None:
    """A personal address that no list knows: does a child write?"""
    text = f"{facts.subject}\n{facts.own_text}"
    party = Party("", "", "own words")
    signed = () if already else signed_names(f"{facts.own_text}\n{facts.signature_text}")
    if signed and (scores.is_likely_child or _IN_FORM.search(text)):
        evidence.add(
            SignalCode.CHILD_CLAIM, signed, party, Certainty.NAME, "signs with the name of pupil {id}"
        )
    elif _IN_FORM.search(text) and scores.initiator.get("child", 1.0) > 0.3 and not already:
        evidence.signals.append(
            Signal(SignalCode.CHILD_CLAIM, "says it writes as a pupil of a class", "own words")
        )
    if scores.is_likely_child or scores.is_child_voice:
        evidence.signals.append(_child_voice(scores))


def child_in_typed_words(
    text: str,
    *,
    lists: SchoolLists,
    scores: Scores,
    signed_names: Callable[[str], tuple[Person, ...]],
    parents: tuple[PersonMatch, ...],
) -> tuple[tuple[PersonMatch, ...], tuple[Signal, ...]]:
    """The signals that a child wrote what was typed into a platform's notification, () when nothing says so.

    ``parents``: whose account it is, where the actor's name fits; ``scores``: the model's, of these words.
    """
    typed = MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text=text)
    evidence = _Evidence(matches=list(parents))
    if parents:
        _child_on_parent_address(typed, lists, scores, evidence)
        if not evidence.signals and _ON_KINS_ACCOUNT.search(text):
            children = (child for match in parents for child in lists.pupils_of(match.person.id))
            named = _own_children_named(text, tuple(dict.fromkeys(children)), lists)
            evidence.add(
                SignalCode.CHILD_ON_PARENT_ADDRESS,
                named,
                Party("", "", "own words"),
                Certainty.NAME,
                "says that pupil {id} writes on a parent's account",
            )
    if not evidence.signals:
        # An account is anybody's, so a full name on the roll that introduces itself is as much as one that it bears.
        introduced = signed_names("\n".join(found.group(0) for found in _INTRODUCES_ITSELF.finditer(text)))
        party = Party("", "", "own words")
        evidence.add(
            SignalCode.CHILD_CLAIM, introduced, party, Certainty.NAME, "introduces itself as pupil {id}"
        )
    if not evidence.signals and not parents:
        _unknown_child(typed, scores, signed_names, evidence, already=False)
    return tuple(evidence.matches[len(parents) :]), tuple(evidence.signals)
