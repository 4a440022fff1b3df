"""Checking an evidence pack with the school's public key alone: no store, no network. Total.

SECURITY: the pack is hostile: whoever hands it in may have made it. Only what the key has signed is believed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailguard.app.audit_extract import read_extract
from mailguard.app.evidence_pack import CASE_NAME, EXTRACT_NAME, MANIFEST_NAME, SEAL_NAME
from mailguard.app.sender_check import TRAIL_FIELD, check_hash
from mailguard.app.stored_zip import read_zip, write_zip
from mailguard.domain.audit import AuditEvent, SignatureCheck, VerifierKey, open_note
from mailguard.domain.audit_extract import ExtractVerification, verify_extract
from mailguard.domain.evidence_manifest import Manifest, is_sealed, read_manifest


@dataclass(frozen=True, slots=True)
class PackProblem:
    """``place``: a file of the pack, "event 12", or "the ZIP"."""

    place: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackVerification:
    """``extract`` None when the extract could not be read."""

    case_id: str
    form: str
    files: int
    messages: int
    extract: ExtractVerification | None
    problems: tuple[PackProblem, ...]

    @property
    def is_intact(self) -> bool:
        return not self.problems


def verify_pack(
    content: bytes,
    *,
    key: VerifierKey,
    check_signature: SignatureCheck,
    further_notes: Iterable[str] = (),
) -> PackVerification:
    """``content``: the ZIP. Names every file and event that is not as the school sealed it."""
    unzipped = read_zip(content)
    problems = [PackProblem(name or "the ZIP", says) for name, says in unzipped.problems]
    files = unzipped.files
    manifest = _manifest(files, key, check_signature, problems)
    if manifest is not None:
        problems += _file_problems(files, manifest)
        if not problems and write_zip(files, at=manifest.made_at) != content:
            problems.append(
                PackProblem("the ZIP", "its framing was altered; the files in it are as they were sealed")
            )
    extract = _extract(files, key, check_signature, further_notes, problems)
    messages = _messages(files, extract, problems) if extract is not None else 0
    return PackVerification(
        case_id=manifest.case_id if manifest is not None else "",
        form=manifest.form if manifest is not None else "",
        files=len(files),
        messages=messages,
        extract=extract,
        problems=tuple(problems),
    )


def _manifest(
    files: Mapping[str, bytes], key: VerifierKey, check: SignatureCheck, problems: list[PackProblem]
) -> Manifest | None:
    missing = [name for name in (MANIFEST_NAME, SEAL_NAME) if name not in files]
    if missing:
        problems += [PackProblem(name, "is missing") for name in missing]
        return None
    seal = files[SEAL_NAME].decode("utf-8", "replace")
    try:
        manifest = read_manifest(files[MANIFEST_NAME])
    except ValueError as error:
        problems.append(PackProblem(MANIFEST_NAME, str(error)))
        return None
    is_genuine = is_sealed(seal, files[MANIFEST_NAME], manifest, key=key, is_genuine=check)
    if is_genuine and files[SEAL_NAME] == seal.encode():
        return manifest
    problems.append(_seal_problem(seal, key, check))
    return manifest


def _seal_problem(seal: str, key: VerifierKey, check: SignatureCheck) -> PackProblem:
    """Which of the two was altered: the seal when it is not genuine, else the manifest."""
    try:
        open_note(seal, key=key, is_genuine=check)
    except ValueError as error:
        return PackProblem(SEAL_NAME, str(error))
    return PackProblem(MANIFEST_NAME, "is not the one that the school sealed")


def _file_problems(files: Mapping[str, bytes], manifest: Manifest) -> list[PackProblem]:
    problems = []
    listed = {each.name: each for each in manifest.files}
    for name, each in listed.items():
        content = files.get(name)
        if content is None:
            problems.append(PackProblem(name, "is missing"))
        elif hashlib.sha256(content).hexdigest() != each.sha256 or len(content) != each.size_bytes:
            problems.append(PackProblem(name, "was altered: its hash is not the sealed one"))
    extra = sorted(set(files) - set(listed) - {MANIFEST_NAME, SEAL_NAME})
    return problems + [PackProblem(name, "was added: the school did not seal it") for name in extra]


def _extract(
    files: Mapping[str, bytes],
    key: VerifierKey,
    check: SignatureCheck,
    further_notes: Iterable[str],
    problems: list[PackProblem],
) -> ExtractVerification | None:
    content = files.get(EXTRACT_NAME)
    if content is None:
        problems.append(PackProblem(EXTRACT_NAME, "is missing"))
        return None
    # Only "\n" ends a line here: a text may hold other letters that some take for line ends.
    lines = [line for line in content.decode("utf-8", "replace").split("\n") if line]
    found = read_extract(lines)
    result = verify_extract(
        found.links, after=found.after, notes=[*found.notes, *further_notes], key=key, is_genuine=check
    )
    for each in (*found.problems, *result.problems):
        problems.append(PackProblem(f"event {each.seq}" if each.seq else EXTRACT_NAME, each.says))
    if found.head is not None and found.head != result.head:
        problems.append(PackProblem(EXTRACT_NAME, "does not end where its header says"))
    if any(event.case_id != found.case_id for event in result.shown):
        problems.append(PackProblem(EXTRACT_NAME, "shows an event of another case"))
    return result


def _messages(files: Mapping[str, bytes], extract: ExtractVerification, problems: list[PackProblem]) -> int:
    """How many messages have the hash that the trail recorded when they arrived."""
    recorded = {str(event.detail.get("sha256")) for event in extract.shown if _is_arrival(event)}
    try:
        listed = json.loads(files.get(CASE_NAME, b""))["messages"]
        names = {str(each["file"]): str(each["sha256"]) for each in listed if each["file"]}
        known = {str(each["sha256"]) for each in listed}
        checks = {str(each["sha256"]): each.get("sender_check") for each in listed}
        problems += _check_problems(checks, extract)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problems.append(PackProblem(CASE_NAME, f"cannot be read: {error}"))
        return 0
    problems += [
        PackProblem(CASE_NAME, f"a message that the trail has is missing: SHA-256 {each}")
        for each in sorted(recorded - known)
    ]
    count = 0
    for name, content in sorted(files.items()):
        if not name.endswith(".eml"):
            continue
        digest = hashlib.sha256(content).hexdigest()
        if digest != names.get(name) or digest not in recorded:
            problems.append(PackProblem(name, "is not the message whose arrival the trail recorded"))
        else:
            count += 1
    return count


def _check_problems(checks: Mapping[str, Any], extract: ExtractVerification) -> list[PackProblem]:
    """What was known of a sender must be what the trail vouches for."""
    problems = []
    for event in filter(_is_arrival, extract.shown):
        recorded, check = event.detail.get(TRAIL_FIELD), checks.get(str(event.detail.get("sha256")))
        if recorded is not None and (not isinstance(check, dict) or check_hash(check) != recorded):
            says = f"the sender check is not the one recorded at receipt: event {event.seq}"
            problems.append(PackProblem(CASE_NAME, says))
    return problems


def _is_arrival(event: AuditEvent) -> bool:
    return event.tag in {"gate:case:opened", "gate:case:joined"} and bool(event.detail.get("sha256"))
