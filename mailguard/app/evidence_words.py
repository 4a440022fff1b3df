"""What a stranger is told about checking an evidence pack: in the PDF, and as VERIFY.txt beside it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from mailguard.app.evidence_material import EvidenceMaterial, PackForm

_WIDTH = 78


def what_is_proved(material: EvidenceMaterial) -> tuple[str, ...]:
    """Paragraphs: what the pack proves and what it does not."""
    first = (
        "Every act in the school's system is an event in one chain: each event's hash covers the hash of the event "
        "before it, and the school signs the chain's head every hour. This pack has every event of this case as it "
        "stands, and of all other events from the case's first to the end only a hash, so that nothing is said about "
        "other cases and the chain can still be followed."
    )
    second = (
        "Checked with the school's public key, the pack proves: its files are those that the school sealed; the "
        "events of the case stand in the signed chain as shown, in this order; no event was put in, taken out or "
        "changed between them and the signature; the message's bytes have the hash that was recorded when it arrived."
    )
    third = (
        "It does not prove that the server's clock was right or that nobody else could have used the school's key. "
        "A checkpoint that left the school earlier bounds both: ask the clerk of the governors for one, and for the "
        "public key. Do not take the key from this pack."
    )
    return (first, second, third)


@dataclass(frozen=True, slots=True)
class Instruction:
    """``is_command``: to be typed as it stands."""

    text: str
    is_command: bool = False


def how_to_verify(case_id: str, key: str) -> tuple[Instruction, ...]:
    """What to do, in order. Commands stand on one line and without quotes: they are typed alike in any shell, on Windows too."""
    return (
        Instruction(
            "1. Get the school's public key from somebody other than the sender of this pack: the clerk of the "
            "governors keeps it, and every digest prints it. It must read the same as the key above."
        ),
        Instruction("2. With Python alone, from the unpacked folder (on Windows: py in place of python3):"),
        Instruction(f"python3 verify.py --key {key}", is_command=True),
        Instruction(
            "The program is short and meant to be read; take it from the mailguard project if you do not trust this "
            "copy. Or with mailguard installed anywhere (no database, no network needed), on the ZIP file:"
        ),
        Instruction(f"mailguard audit verify --pack {case_id}.zip --key {key}", is_command=True),
        Instruction(
            "Add --note FILE for each checkpoint that was kept outside the school (a digest has one)."
        ),
        Instruction(
            "3. The answer is “intact”, or the name of every file and the number of every event that was altered."
        ),
    )


def verify_page(material: EvidenceMaterial) -> str:
    """VERIFY.txt."""
    case_id = material.case.id
    blocks = [
        f"How to check this evidence pack of case {case_id}",
        *what_is_proved(material),
        "Public key as this pack has it (compare it with the one you were given elsewhere):",
        f"  {material.key}",
        *(
            f"  {line.text}" if line.is_command else line.text
            for line in how_to_verify(case_id, str(material.key))
        ),
        "What is in it",
        "\n".join(_contents(material)),
    ]
    return "\n\n".join(_filled(block) for block in blocks) + "\n"


def _contents(material: EvidenceMaterial) -> list[str]:
    withheld = material.form is PackForm.WITHHELD
    return [
        "case-file.pdf         the case to read; the originals are embedded in it (PDF/A-3b)",
        "case.json             the same for a machine: decision, signals, versions, receipts, reviews; for each",
        "                      message what was known of its sender at receipt (sender_check), with the signer's",
        "                      public key where mailguard had asked DNS for it",
        "messages/N.txt        header and words of each message as text",
        "messages/N.eml        each message byte for byte"
        + (", unless it carries sealed parts" if withheld else ""),
        "audit-extract.jsonl   the case's events, the hashes of all others, signed checkpoints",
        "checkpoint.txt        the newest of these checkpoints alone, to compare with one that was kept outside",
        "verify.py             checks the unpacked folder with Python alone",
        "manifest.json         every file with its size and SHA-256",
        "manifest.sig          the school's signature over manifest.json",
    ]


def _filled(block: str) -> str:
    if "   " in block or block.startswith("  "):
        return block
    return textwrap.fill(block, _WIDTH, break_long_words=False, break_on_hyphens=False)
