"""The audit trail's arithmetic: a hash chain of events, and checkpoints of it as signed notes.

Pure: signatures are made and checked by functions handed in. Formats: c2sp.org/signed-note (Ed25519, type
0x01) and the body of c2sp.org/tlog-checkpoint, except that the hash is the chain's head, not a Merkle root.
Anyone can repeat it: the content hash of an event is SHA-256 over its fields with a random salt, as JSON with
sorted keys, no blanks, UTF-8; its hash is SHA-256 over the content hash and the hash before it. So an event
can be withheld from a stranger, its content hash given, and the chain still be followed across it; the salt
keeps its content from being guessed. Events without a salt, of the first schema, are hashed in one step.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, assert_never

FIRST_PREVIOUS = "0" * 64
TAG_FORM = re.compile(r"[a-z][a-z0-9-]*:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*")
_ED25519 = b"\x01"
_SIGNATURE_LINE_START = "\N{EM DASH} "

Sign = Callable[[bytes], bytes]
SignatureCheck = Callable[[bytes, bytes, bytes], bool]
"""(public key of 32 bytes, signature, message) → whether it is genuine."""


class AuditTag(StrEnum):
    """source:subject:action of the events that the core writes. Others may be added by their own module."""

    CASE_OPENED = "gate:case:opened"
    CASE_JOINED = "gate:case:joined"
    CASE_REOPENED = "gate:case:reopened"
    CASE_ACKNOWLEDGED = "review:case:acknowledged"
    CASE_CONFIRMED = "review:case:confirmed"
    CASE_RELEASED = "review:case:released"
    CASE_DISMISSED = "review:case:dismissed"
    CASE_OUTCOME_SET = "review:case:outcome-set"
    CASE_UNDONE = "review:case:undone"
    CASE_LABELLED = "review:case:labelled"
    CASE_UNLABELLED = "review:case:label-withdrawn"
    CASE_VIEWED = "review:case:viewed"
    CASES_SEARCHED = "review:cases:searched"
    PART_OPENED = "review:part:opened"
    MESSAGE_RELEASED = "effects:message:released"
    MESSAGE_MOVED = "effects:message:moved"
    REPORT_SENT = "effects:report:sent"
    REPORT_FAILED = "effects:report:failed"
    EFFECT_DONE = "effects:effect:done"
    EFFECT_FAILED = "effects:effect:failed"
    DIGEST_SENT = "effects:digest:sent"
    CASE_ESCALATED = "effects:case:escalated"
    AUDIT_VIEWED = "cli:audit:viewed"
    AUDIT_EXPORTED = "cli:audit:exported"
    POLICY_REPLAYED = "cli:policy:replayed"
    CHECKPOINT_SIGNED = "daemon:audit:checkpoint-signed"
    BLANK = "daemon:audit:blank"
    DAEMON_STARTED = "daemon:service:started"
    DAEMON_STOPPED = "daemon:service:stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One link.

    ``seq`` starts at 1 in each school; ``at`` aware UTC, microseconds; ``previous`` and ``hash`` hex;
    ``salt`` random hex, "" in events of the first schema.
    """

    school: str
    seq: int
    at: datetime
    tag: str
    actor: str
    case_id: str
    detail: Mapping[str, Any]
    previous: str
    hash: str
    salt: str = ""

    @property
    def content_hash(self) -> str:
        """What stands for the event where it is withheld; "" when it has no salt, for then nothing can."""
        if not self.salt:
            return ""
        return _sha256(_fields(self))


@dataclass(frozen=True, slots=True)
class Withheld:
    """An event of which a reader learns nothing but its place. ``content`` "" for one without a salt."""

    seq: int
    content: str
    hash: str


Link = AuditEvent | Withheld


@dataclass(frozen=True, slots=True)
class AuditHead:
    """``size`` events, the last of which has ``hash``."""

    size: int = 0
    hash: str = FIRST_PREVIOUS


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says: at ``at`` the trail ``origin`` had ``size`` events and the head ``hash``."""

    origin: str
    size: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name, as ``name+keyid+base64``."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """``seq``: the event (0: the trail as a whole)."""

    seq: int
    says: str


@dataclass(frozen=True, slots=True)
class Verification:
    """``checkpoints`` counts the genuine ones.

    ``checkpointed_size``: how many events the newest of them vouches for. ``withheld``: events that are not shown;
    ``unlinked``: those of them without a salt, across which only the checkpoint vouches.
    """

    head: AuditHead
    checkpoints: int
    checkpointed_size: int
    problems: tuple[AuditProblem, ...]
    withheld: int = 0
    unlinked: int = 0

    @property
    def is_intact(self) -> bool:
        return not self.problems


def origin(school: str) -> str:
    """The name of a school's trail, first line of its checkpoints and name of its key."""
    return f"mailguard/{school}/audit"


def time_text(at: datetime) -> str:
    """Fixed width, so that texts sort as times do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_from_text(text: str) -> datetime:
    """Raises ValueError on anything that ``time_text`` does not write."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def canonical_json(value: Any) -> str:
    """One text for one value. Raises ValueError or TypeError on what JSON cannot say (NaN, objects)."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_dict
    )


def event_hash(event: AuditEvent) -> str:
    """Hex SHA-256 that ``event`` must have, by what it says and the hash before it; its ``hash`` is not looked at."""
    if event.salt:
        return linked_hash(content=event.content_hash, previous=event.previous)
    return _sha256({**_fields(event), "previous": event.previous})


def linked_hash(*, content: str, previous: str) -> str:
    """The hash of a salted event from its content hash and the hash before it, all hex."""
    return _sha256({"content": content, "previous": previous})


def link(
    head: AuditHead,
    *,
    school: str,
    at: datetime,
    tag: str,
    actor: str,
    case_id: str,
    detail: Mapping[str, Any],
    salt: str = "",
) -> AuditEvent:
    """The next event after ``head``. Raises ValueError when ``tag`` is not source:subject:action.

    ``salt``: 128 random bits in hex, drawn anew for each event.
    """
    if not TAG_FORM.fullmatch(tag):
        raise ValueError(f"audit tag {tag!r} is not source:subject:action")
    event = AuditEvent(
        school=school,
        seq=head.size + 1,
        at=at,
        tag=tag,
        actor=actor,
        case_id=case_id,
        detail=json.loads(canonical_json(detail)),
        previous=head.hash,
        hash="",
        salt=salt,
    )
    return replace(event, hash=event_hash(event))


def event_to_json(event: AuditEvent) -> dict[str, Any]:
    return {**_fields(event), "previous": event.previous, "hash": event.hash}


def event_from_json(fields: Mapping[str, Any]) -> AuditEvent:
    """Raises ValueError when a field is missing, too many, or of another type."""
    texts: tuple[str, ...] = ("school", "at", "tag", "actor", "case_id", "previous", "hash")
    if "salt" in fields:
        texts = (*texts, "salt")
    if set(fields) != {*texts, "seq", "detail"} or not all(isinstance(fields[name], str) for name in texts):
        raise ValueError("not an audit event: other fields")
    if type(fields["seq"]) is not int or not isinstance(fields["detail"], dict):
        raise ValueError("not an audit event: seq or detail of another type")
    plain = {name: fields[name] for name in texts if name != "at"}
    return AuditEvent(at=time_from_text(fields["at"]), seq=fields["seq"], detail=fields["detail"], **plain)


def write_checkpoint(head: AuditHead, *, school: str, at: datetime, public_key: bytes, sign: Sign) -> str:
    """A signed note over the head. The third line is base64, the fourth is when."""
    name = origin(school)
    encoded_hash = base64.b64encode(bytes.fromhex(head.hash)).decode()
    body = f"{name}\n{head.size}\n{encoded_hash}\ntime {time_text(at)}\n"
    return sign_note(body, key=VerifierKey(name=name, public_key=public_key), sign=sign)


def read_checkpoint(note: str, *, key: VerifierKey, is_genuine: SignatureCheck) -> Checkpoint:
    """What a note says.

    Raises ValueError when it is malformed, of another trail, or not signed by ``key``.
    """
    lines = open_note(note, key=key, is_genuine=is_genuine).split("\n")[:-1]
    if len(lines) != 4 or lines[0] != key.name or not lines[1].isascii() or not lines[1].isdigit():
        raise ValueError("not a checkpoint of this trail")
    if not lines[3].startswith("time "):
        raise ValueError("checkpoint without a time")
    digest = base64.b64decode(lines[2], validate=True).hex()
    return Checkpoint(origin=lines[0], size=int(lines[1]), hash=digest, at=time_from_text(lines[3][5:]))


def sign_note(body: str, *, key: VerifierKey, sign: Sign) -> str:
    """``body`` (whole lines) as a signed note by ``key``."""
    signature = base64.b64encode(key.key_id + sign(body.encode())).decode()
    return f"{body}\n{_SIGNATURE_LINE_START}{key.name} {signature}\n"


def open_note(note: str, *, key: VerifierKey, is_genuine: SignatureCheck) -> str:
    """The body of a signed note. Raises ValueError when it is none, or not signed by ``key``."""
    body, separator, signatures = note.partition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise ValueError("not a signed note")
    body += "\n"
    if not any(_is_signed(line, body, key, is_genuine) for line in signatures.splitlines()):
        raise ValueError(f"no genuine signature by {key.name}")
    return body


def parse_verifier_key(text: str) -> VerifierKey:
    """From ``name+keyid+base64``. Raises ValueError when the parts do not belong together."""
    name, plus, rest = text.strip().partition("+")
    key_id, second_plus, encoded = rest.partition("+")
    if not plus or not second_plus or not name:
        raise ValueError("not a verifier key: want name+keyid+base64")
    try:
        octets = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("not a verifier key: bad base64") from None
    if len(octets) != 33 or octets[:1] != _ED25519:
        raise ValueError("not an Ed25519 verifier key")
    key = VerifierKey(name=name, public_key=octets[1:])
    if key.key_id.hex() != key_id:
        raise ValueError("not a verifier key: the key id belongs to another key")
    return key


def withhold(event: AuditEvent) -> Withheld:
    """What may be given of an event that is not to be shown."""
    return Withheld(seq=event.seq, content=event.content_hash, hash=event.hash)


def verify(
    events: Iterable[Link],
    *,
    notes: Sequence[str],
    key: VerifierKey,
    is_genuine: SignatureCheck,
    stated_head: AuditHead | None = None,
) -> Verification:
    """Walk a whole trail from its first event, once, and hold it against its checkpoints.

    Altered, removed, inserted and reordered events break the chain; a cut end is found by a checkpoint (or
    by ``stated_head``, what the database says its head is). After a break the walk goes on from the next
    stated hash, so that each break is told once. Events may be withheld: the chain is followed across them.
    """
    problems: list[AuditProblem] = []
    vouched: dict[int, list[Checkpoint]] = {}
    count = 0
    for number, note in enumerate(notes, start=1):
        try:
            checkpoint = read_checkpoint(note, key=key, is_genuine=is_genuine)
        except ValueError as error:
            problems.append(AuditProblem(seq=0, says=f"checkpoint {number}: {error}"))
        else:
            vouched.setdefault(checkpoint.size, []).append(checkpoint)
            count += 1
    newest = max(vouched, default=0)
    withheld = unlinked = 0
    head = AuditHead()
    problems += _against_checkpoints(head, vouched.pop(0, []))
    for event in events:
        problems += link_problems(head, event, trail=key.name)
        if isinstance(event, Withheld):
            withheld += 1
            unlinked += not event.content
        head = AuditHead(size=event.seq, hash=event.hash)
        problems += _against_checkpoints(head, vouched.pop(event.seq, []))
    for size in sorted(vouched):
        problems.append(
            AuditProblem(seq=head.size, says=f"the trail ends here; a checkpoint vouches for {size} events")
        )
    if stated_head is not None and stated_head != head:
        problems.append(
            AuditProblem(
                seq=head.size, says=f"the trail ends here; its head is recorded at {stated_head.size}"
            )
        )
    return Verification(
        head=head,
        checkpoints=count,
        checkpointed_size=newest,
        problems=tuple(problems),
        withheld=withheld,
        unlinked=unlinked,
    )


def link_problems(head: AuditHead, link: Link, *, trail: str) -> list[AuditProblem]:
    """What is wrong with ``link`` as the next after ``head`` on the trail of that name."""
    problems = []
    if link.seq != head.size + 1:
        says = f"follows event {head.size}: events are missing or out of order"
        problems.append(AuditProblem(seq=link.seq, says=says))
    match link:
        case AuditEvent():
            if link.seq == head.size + 1 and link.previous != head.hash:
                problems.append(AuditProblem(seq=link.seq, says="is not chained to the event before it"))
            if origin(link.school) != trail:
                problems.append(AuditProblem(seq=link.seq, says="belongs to another school's trail"))
            if event_hash(link) != link.hash:
                says = "was altered: its hash does not fit what it says"
                problems.append(AuditProblem(seq=link.seq, says=says))
        case Withheld():
            if link.content and linked_hash(content=link.content, previous=head.hash) != link.hash:
                says = "a withheld event is not chained to the event before it"
                problems.append(AuditProblem(seq=link.seq, says=says))
        case _ as never:
            assert_never(never)
    return problems


def _fields(event: AuditEvent) -> dict[str, Any]:
    """What an event says, as it is hashed and exported; the salt only where there is one."""
    fields = {
        "school": event.school,
        "seq": event.seq,
        "at": time_text(event.at),
        "tag": event.tag,
        "actor": event.actor,
        "case_id": event.case_id,
        "detail": event.detail,
    }
    return {**fields, "salt": event.salt} if event.salt else fields


def _sha256(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _as_dict(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"an audit event cannot hold a {type(value).__name__}")


def _is_signed(line: str, body: str, key: VerifierKey, is_genuine: SignatureCheck) -> bool:
    name, _, encoded = line.removeprefix(_SIGNATURE_LINE_START).partition(" ")
    if not line.startswith(_SIGNATURE_LINE_START) or name != key.name:
        return False
    try:
        octets = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    return octets[:4] == key.key_id and is_genuine(key.public_key, octets[4:], body.encode())


def _against_checkpoints(head: AuditHead, checkpoints: Sequence[Checkpoint]) -> list[AuditProblem]:
    return [
        AuditProblem(
            seq=head.size, says=f"the head differs from the checkpoint of {time_text(checkpoint.at)}"
        )
        for checkpoint in checkpoints
        if checkpoint.hash != head.hash
    ]
