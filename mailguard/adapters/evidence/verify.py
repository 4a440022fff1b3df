"""Checks a mailguard evidence pack with Python 3.9 or newer alone: no mailguard, no network, nothing to install.

    python3 verify.py --key 'mailguard/school/audit+1234abcd+...' [--note FILE]... [FOLDER or FILE.zip]

The key must come from somebody other than the sender of the pack; the clerk of the governors keeps it. What is
checked: the school's signature over the list of files; every file against that list; the chain of audit events
and its signed checkpoints; the messages against the hashes recorded when they arrived. Exit status: 0 intact,
3 something was altered (it is named), 2 the pack or the key cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

# Ed25519 (RFC 8032): the curve -x² + y² = 1 + d·x²·y² modulo P, its base point, and the base point's order.
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, x·y = T/Z


def added(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    left, right, low, high = f - e, f + e, h - g, h + g
    return left * low % P, right * high % P, low * high % P, left * right % P


def times(number: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = added(result, point)
        point = added(point, point)
        number >>= 1
    return result


def point_of(octets: bytes) -> Point | None:
    """The point that 32 octets name; None when they name none."""
    number = int.from_bytes(octets, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made by the owner of ``public_key``."""
    if len(signature) != 64 or BASE is None:
        return False
    owner, commitment = point_of(public_key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or commitment is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left, right = times(scalar, BASE), added(commitment, times(challenge, owner))
    return not (
        (left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P
    )


class Key:
    """A public key as ``name+keyid+base64``."""

    def __init__(self, text: str) -> None:
        self.name, key_id, encoded = text.strip().split("+", 2)
        octets = base64.b64decode(encoded, validate=True)
        self.public_key, self.key_id = octets[1:], bytes.fromhex(key_id)
        expected = hashlib.sha256(self.name.encode() + b"\n" + octets).digest()[:4]
        if len(octets) != 33 or octets[0] != 1 or expected != self.key_id:
            raise ValueError("its parts do not belong together")

    def opened(self, note: str) -> str:
        """The body of a signed note. Raises ValueError when this key has not signed it."""
        body, gap, signatures = note.partition("\n\n")
        for line in signatures.splitlines() if gap else []:
            words = line.split(" ")
            if len(words) != 3 or words[1] != self.name:
                continue
            octets = base64.b64decode(words[2], validate=True)
            if octets[:4] == self.key_id and is_signed(self.public_key, octets[4:], (body + "\n").encode()):
                return body + "\n"
        raise ValueError("no genuine signature by " + self.name)


def sha256(value: Any) -> str:
    """Hex SHA-256 of bytes, or of a value as JSON with sorted keys and no blanks."""
    if not isinstance(value, bytes):
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        value = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(value).hexdigest()


def event_hash(event: dict[str, Any]) -> str:
    fields = {name: value for name, value in event.items() if name != "hash"}
    if "salt" not in event:  # written by the first schema: hashed in one step
        return sha256(fields)
    previous = fields.pop("previous")
    return sha256({"content": sha256(fields), "previous": previous})


def check_files(files: dict[str, bytes], key: Key, problems: list[str]) -> None:
    manifest = json.loads(files["manifest.json"])
    body = (
        key.name[: -len("/audit")] + "/evidence\n" + manifest["case_id"] + "\n"
        "sha256 " + sha256(files["manifest.json"]) + "\ntime " + manifest["made_at"] + "\n"
    )
    try:
        if key.opened(files["manifest.sig"].decode("utf-8", "replace")) != body:
            problems.append("manifest.json is not the one that the school sealed")
    except ValueError as error:
        problems.append("manifest.sig: " + str(error))
    listed = {each["name"]: each for each in manifest["files"]}
    for name in sorted(set(listed) - set(files)):
        problems.append(name + " is missing")
    for name in sorted(set(files) - set(listed) - {"manifest.json", "manifest.sig"}):
        problems.append(name + " was added: the school did not seal it")
    for name in sorted(set(listed) & set(files)):
        if sha256(files[name]) != listed[name]["sha256"]:
            problems.append(name + " was altered: its hash is not the sealed one")


def check_chain(content: bytes, key: Key, notes: list[str], problems: list[str]) -> list[dict[str, Any]]:
    """The events shown. ``notes``: checkpoints kept elsewhere."""
    lines = [json.loads(line) for line in content.decode("utf-8", "surrogatepass").split("\n") if line]
    header, links = lines[0], lines[1:]
    vouched: dict[int, list[str]] = {}
    for note in [each["checkpoint"] for each in links if "checkpoint" in each] + notes:
        try:
            said = key.opened(note).split("\n")
        except ValueError as error:
            problems.append("a checkpoint: " + str(error))
            continue
        vouched.setdefault(int(said[1]), []).append(base64.b64decode(said[2]).hex())
    size, head, shown = header["after"]["size"], header["after"]["hash"], []
    for link in links:
        if "checkpoint" in link:
            continue
        event = link.get("event") or link["withheld"]
        place = "event " + str(event["seq"])
        if event["seq"] != size + 1:
            problems.append(place + ": events are missing or out of order before it")
        if "event" in link:
            shown.append(event)
            if event["previous"] != head:
                problems.append(place + " is not chained to the event before it")
            if event_hash(event) != event["hash"]:
                problems.append(place + " was altered: its hash does not fit what it says")
        elif event["content"] and sha256({"content": event["content"], "previous": head}) != event["hash"]:
            problems.append(place + " (withheld) is not chained to the event before it")
        size, head = event["seq"], event["hash"]
        if any(each != head for each in vouched.get(size, [])):
            problems.append(place + ": the chain differs from a signed checkpoint")
    if size not in vouched or header["head"] != {"size": size, "hash": head}:
        problems.append("audit-extract.jsonl: no genuine checkpoint vouches for its end")
    return shown


def check_messages(files: dict[str, bytes], shown: list[dict[str, Any]], problems: list[str]) -> int:
    recorded = {event["detail"].get("sha256") for event in shown if event["tag"].startswith("gate:case:")}
    checks = {each["sha256"]: each.get("sender_check") for each in json.loads(files["case.json"])["messages"]}
    for event in shown:
        said = event["detail"].get("sender_check") if event["tag"].startswith("gate:case:") else None
        if said is not None and sha256(checks.get(event["detail"].get("sha256"))) != said:
            problems.append(
                "case.json: the sender check is not the one recorded at receipt: event " + str(event["seq"])
            )
    messages = [name for name in sorted(files) if name.endswith(".eml")]
    for name in messages:
        if sha256(files[name]) not in recorded:
            problems.append(name + " is not a message whose arrival the trail recorded")
    return len(messages)


def read_pack(place: Path) -> dict[str, bytes]:
    if place.is_file():
        with zipfile.ZipFile(str(place)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    found = (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in found}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--key", required=True, help="the school's public key, from another source than the pack"
    )
    parser.add_argument("--note", action="append", default=[], help="a checkpoint that was kept elsewhere")
    parser.add_argument("place", nargs="?", default=str(Path(__file__).resolve().parent))
    given = parser.parse_args(arguments)
    problems: list[str] = []
    try:
        key, files = Key(given.key), read_pack(Path(given.place))
        notes = [Path(name).read_text(encoding="utf-8") for name in given.note]
        check_files(files, key, problems)
        shown = check_chain(files["audit-extract.jsonl"], key, notes, problems)
        messages = check_messages(files, shown, problems)
    except (OSError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as error:
        print("FAIL  the pack or the key cannot be read: " + (str(error) or type(error).__name__))
        for problem in problems:
            print("FAIL  " + problem)
        return 3 if problems else 2
    for problem in problems:
        print("FAIL  " + problem)
    if problems:
        return 3
    print(
        f"ok    intact: {len(files)} files, {len(shown)} events of the case, "
        f"{messages} {'message' if messages == 1 else 'messages'} with the hash of arrival"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
