"""The audit trail's arithmetic: a hash chain of events, and checkpoints of it as signed notes.

Pure: signatures are made and checked by functions handed in. Formats: c2sp.org/signed-note (Ed25519, type
0x01) and the body of c2sp.org/tlog-checkpoint, except that the hash is the chain's head, not a Merkle root.
Anyone can repeat it: the hash of an event is SHA-256 over its fields and the hash before it, as JSON with
sorted keys, no blanks, UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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
    CHECKPOINT_SIGNED = "daemon:audit:checkpoint-signed"
    DAEMON_STARTED = "daemon:service:started"
    DAEMON_STOPPED = "daemon:service:stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One link.

    ``seq`` starts at 1 in each school; ``at`` aware UTC, microseconds; ``previous`` and ``hash`` hex.
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

    ``checkpointed_size``: how many events the newest of them vouches for.
    """

    head: AuditHead
    checkpoints: int
    checkpointed_size: int
    problems: tuple[AuditProblem, ...]

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


def event_hash(
    *,
    school: str,
    seq: int,
    at: datetime,
    tag: str,
    actor: str,
    case_id: str,
    detail: Mapping[str, Any],
    previous: str,
) -> str:
    """Hex SHA-256 of an event's canonical JSON, the previous hash included."""
    fields = {
        "school": school,
        "seq": seq,
        "at": time_text(at),
        "tag": tag,
        "actor": actor,
        "case_id": case_id,
        "detail": detail,
        "previous": previous,
    }
    return hashlib.sha256(canonical_json(fields).encode("utf-8", "surrogatepass")).hexdigest()


def link(
    head: AuditHead,
    *,
    school: str,
    at: datetime,
    tag: str,
    actor: str,
    case_id: str,
    detail: Mapping[str, Any],
) -> AuditEvent:
    """The next event after ``head``. Raises ValueError when ``tag`` is not source:subject:action."""
    if not TAG_FORM.fullmatch(tag):
        raise ValueError(f"audit tag {tag!r} is not source:subject:action")
    plain = json.loads(canonical_json(detail))
    digest = event_hash(
        school=school,
        seq=head.size + 1,
        at=at,
        tag=tag,
        actor=actor,
        case_id=case_id,
        detail=plain,
        previous=head.hash,
    )
    return AuditEvent(
        school=school,
        seq=head.size + 1,
        at=at,
        tag=tag,
        actor=actor,
        case_id=case_id,
        detail=plain,
        previous=head.hash,
        hash=digest,
    )


def event_to_json(event: AuditEvent) -> dict[str, Any]:
    return {
        "school": event.school,
        "seq": event.seq,
        "at": time_text(event.at),
        "tag": event.tag,
        "actor": event.actor,
        "case_id": event.case_id,
        "detail": event.detail,
        "previous": event.previous,
        "hash": event.hash,
    }


def event_from_json(fields: Mapping[str, Any]) -> AuditEvent:
    """Raises ValueError when a field is missing, too many, or of another type."""
    texts = ("school", "at", "tag", "actor", "case_id", "previous", "hash")
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
    key = VerifierKey(name=name, public_key=public_key)
    signature = base64.b64encode(key.key_id + sign(body.encode())).decode()
    return f"{body}\n{_SIGNATURE_LINE_START}{name} {signature}\n"


def read_checkpoint(note: str, *, key: VerifierKey, is_genuine: SignatureCheck) -> Checkpoint:
    """What a note says.

    Raises ValueError when it is malformed, of another trail, or not signed by ``key``.
    """
    body, separator, signatures = note.partition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise ValueError("not a signed note")
    body += "\n"
    if not any(_is_signed(line, body, key, is_genuine) for line in signatures.splitlines()):
        raise ValueError(f"no genuine signature by {key.name}")
    lines = body.split("\n")[:-1]
    if len(lines) != 4 or lines[0] != key.name or not lines[1].isascii() or not lines[1].isdigit():
        raise ValueError("not a checkpoint of this trail")
    if not lines[3].startswith("time "):
        raise ValueError("checkpoint without a time")
    digest = base64.b64decode(lines[2], validate=True).hex()
    return Checkpoint(origin=lines[0], size=int(lines[1]), hash=digest, at=time_from_text(lines[3][5:]))


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


def verify(
    events: Iterable[AuditEvent],
    *,
    notes: Sequence[str],
    key: VerifierKey,
    is_genuine: SignatureCheck,
    stated_head: AuditHead | None = None,
) -> Verification:
    """Walk a whole trail from its first event, once, and hold it against its checkpoints.

    Altered, removed, inserted and reordered events break the chain; a cut end is found by a checkpoint (or
    by ``stated_head``, what the database says its head is). After a break the walk goes on from the next
    stated hash, so that each break is told once.
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
    head = AuditHead()
    problems += _against_checkpoints(head, vouched.pop(0, []))
    for event in events:
        problems += _link_problems(head, event, trail=key.name)
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
    return Verification(head=head, checkpoints=count, checkpointed_size=newest, problems=tuple(problems))


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


def _link_problems(head: AuditHead, event: AuditEvent, *, trail: str) -> list[AuditProblem]:
    problems = []
    if event.seq != head.size + 1:
        problems.append(
            AuditProblem(seq=event.seq, says=f"follows event {head.size}: events are missing or out of order")
        )
    elif event.previous != head.hash:
        problems.append(AuditProblem(seq=event.seq, says="is not chained to the event before it"))
    if origin(event.school) != trail:
        problems.append(AuditProblem(seq=event.seq, says="belongs to another school's trail"))
    expected = event_hash(
        school=event.school,
        seq=event.seq,
        at=event.at,
        tag=event.tag,
        actor=event.actor,
        case_id=event.case_id,
        detail=event.detail,
        previous=event.previous,
    )
    if expected != event.hash:
        problems.append(AuditProblem(seq=event.seq, says="was altered: its hash does not fit what it says"))
    return problems


def _against_checkpoints(head: AuditHead, checkpoints: Sequence[Checkpoint]) -> list[AuditProblem]:
    return [
        AuditProblem(
            seq=head.size, says=f"the head differs from the checkpoint of {time_text(checkpoint.at)}"
        )
        for checkpoint in checkpoints
        if checkpoint.hash != head.hash
    ]
