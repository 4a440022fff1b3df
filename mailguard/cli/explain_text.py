"""An explanation as a person reads it on a terminal."""

from __future__ import annotations

from typing import Any

_CODE_WIDTH = 22


def explanation_text(answer: dict[str, Any]) -> str:
    """Lines as in the handbook: message, envelope, signals, verdict, what would be done."""
    if "error" in answer:
        return f"{answer['path']}: {answer['error']}"
    message, envelope, report = answer["message"], answer["envelope"], answer["report"]
    defects = ", ".join(message["defects"][:4]) or "none"
    lines = [
        _line(
            "message",
            f"{answer['path']} · {message['sha256'][:8]} · {_size(message['size_bytes'])} · defects: {defects}",
        ),
        _line(
            "envelope", f"MAIL FROM <{envelope['mail_from']}>   RCPT TO {_addresses(envelope['rcpt_tos'])}"
        ),
        _line("direction", f"{answer['direction']}, started by {answer['initiator']}"),
    ]
    if answer["platform"]:
        platform = answer["platform"]
        actor = platform["actor"] or platform["handle"] or "nobody named"
        lines.append(
            _line(
                "platform",
                f"{platform['id']} ({platform['class']}), {platform['event']}, by {actor}; authentication {platform['authenticated']}",
            )
        )
    for index, signal in enumerate(answer["signals"]):
        label = "signals" if index == 0 else ""
        source = f" ({signal['source']})" if signal["source"] else ""
        lines.append(_line(label, f"{signal['code']:<{_CODE_WIDTH}} {signal['says']}{source}"))
    words = "; ".join(f'{clause}: "{text}"' for clause, text in answer.get("clauses", {}).items() if text)
    lines.append(
        _line("verdict", f"{answer['verdict']}   row {answer['row']}, clause {words or answer['clause']}")
    )
    if answer["nature"]:
        lines.append(_line("nature", answer["nature"]))
    lines.append(_line("would do", _action(answer)))
    for recipient in answer.get("recipients", []):
        lines.append(
            _line("", f"{recipient['address']}: {recipient['disposition']} (row {recipient['row']})")
        )
    if answer.get("flips_if"):
        lines.append(_line("flips if", answer["flips_if"]))
    if report["withheld_from"]:
        lines.append(_line("closed to", ", ".join(report["withheld_from"])))
    versions = f"Policy {answer['policy_version']} · lists {answer['lists_version']} · model {answer['model_id'] or 'none'}"
    lines.append(f"Nothing was changed. {versions}\n")
    return "\n".join(lines)


def _line(label: str, text: str) -> str:
    return f"{label:<10} {text}".rstrip()


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1024 else f"{size_bytes / 1024:.0f} KiB"


def _addresses(addresses: list[str]) -> str:
    return " ".join(f"<{address}>" for address in addresses) or "(none)"


def _action(answer: dict[str, Any]) -> str:
    report = answer["report"]
    what = "hold" if answer["disposition"] == "hold" else "deliver"
    match report["when"]:
        case "now":
            return f"{what}; report now (level {answer['level']}) to {', '.join(report['to'])}"
        case "digest":
            return f"{what}; in the digest to {', '.join(report['to'])}"
        case _:
            return f"{what}; no report"
