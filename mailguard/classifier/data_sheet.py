"""The data sheet of the corpus: what the texts are, who wrote them and what they are good for; figures from the texts themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailguard.classifier.corpus_report import CorpusReport

_SHEET = """# Data sheet: the texts

Written by `python -m mailguard.classifier.release` for the corpus of the shipped model (sha256 `{sha256}`); do not edit by
hand. How it is used: [model card](model-card.md); how it is measured: [evaluation](../explanation/evaluation.md).

## Why it was made
No public collection holds what pupils and parents write to a school, and none ought to: such mail is personal data of children.
Notifications of social networks are copyright of their services and hardly archived. So the texts were written for this project,
each one, to teach a small model what such mail is about.

## What is in it
{sets}

{labels}

A text has its labels in one line above it (`models/corpus/README.md` has the format): kind; of direct mail nature (several may
hold), who writes and in which direction; of notifications platform, event and the year whose wording it has; language.
Put into the shape of mail (senders, layouts, quotations, footers, slips of the keyboard) it is by a seeded program.

## How it was collected
It was not collected: it was written, text by text and not from templates, from briefs that name voices (pupils from eleven to
sixteen, parents and carers of many backgrounds, teachers, governors, coaches, suppliers, machines), situations and hard neighbours:
staff who write about social media, letters that quote a child, angry but lawful parents, adults who write as the young do, children
who write formally. The writers were language models working from those briefs; no child, parent or teacher wrote or lent a
text. Different parts come from different briefs and separate runs, and the held-out sets from runs that did not see the training
texts; still they are one kind of author. Labels were given with the text and checked in part; some will be wrong, and of some
two readers would differ. Wordings of known platforms were written after what such mail generally says; no service's mail was
copied.

## How alike the texts are
Near-duplicates (five-gram Jaccard of {near_bound} or more): {near} pairs, {across} of them across training and held-out texts.
Pairs with the same skeleton and other names in it: {slotted}. Distinct words by words, mean over 500 in a row: {variety}.
A hundred random texts for a reader: `python -m mailguard.classifier.corpus_report --sample FILE`.

## Personal data
None. Names are invented; addresses end in `.example`, `.test` or `.invalid`; telephone numbers are of the ranges set aside for
fiction. Nothing in it describes sexual acts or is sexual about a minor. Some texts tell of abuse, self-harm or threats, as such
mail does: whoever reads samples should know that.

## What it may be used for
Training and measuring a model that raises suspicion for a person to look at, in a school. Not for judging a person, not for finding
out who wrote a text, and not for anything that decides by itself.

## What it is not
- It is not real mail. A machine can tell it from real office mail (the evaluation report says how well, and by what): other words,
  other times, other layouts. Frequencies mean nothing: grave mail is far more common here than in any school.
- Its British English is best covered; other languages have from a few to some hundreds of texts.
- No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested against it, and no real pupil's or
  parent's mail.
- Writers who are models have habits: wit, tidy endings, variety on purpose. Real children repeat themselves more.

## Keeping it
The texts lie in the repository; who adds some gives them labels, keeps authors in files of their own, and runs the report.
Held-out texts are never moved into training.
"""


def data_sheet(report: CorpusReport, manifest: Mapping[str, Any]) -> str:
    """Markdown. ``report``: on the texts that the model of `manifest` was trained on, and on the held-out sets."""
    across = [pair for pair in report.near if pair.is_across]
    return _SHEET.format(
        sha256=str(manifest["corpus"]["sha256"])[:16],
        sets=_sets(report.counts),
        labels=_labels(report.counts),
        near_bound=report.as_dict()["near_duplicate_bound"],
        near=len(report.near),
        across=len(across),
        slotted=len(report.slotted),
        variety=", ".join(
            f"{name} {counts['moving_type_token_ratio']}" for name, counts in report.counts.items()
        ),
    )


def _sets(counts: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| set | texts | direct | notifications | bulk and automatic | platforms | languages | words |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in counts.items():
        kinds = each["kinds"]
        machines = kinds.get("bulk", 0) + kinds.get("automatic", 0)
        lines.append(
            f"| {name} | {each['texts']} | {kinds.get('direct', 0)} | {kinds.get('notification', 0)} | {machines} | "
            f"{each['platforms']} | {len(each['languages'])} | {each['words']} |"
        )
    return "\n".join(lines)


def _labels(counts: Mapping[str, Mapping[str, Any]]) -> str:
    lines: list[str] = []
    for title, key in (
        ("nature of direct messages", "natures"),
        ("who writes", "initiators"),
        ("direction", "directions"),
        ("length in words", "lengths_in_words"),
        ("event", "events"),
        ("wording of", "eras"),
        ("language", "languages"),
    ):
        words = list(dict.fromkeys(word for each in counts.values() for word in each[key]))
        lines += [f"| {title} | {' | '.join(counts)} |", "|---|" + "---|" * len(counts)]
        for word in words[:20]:
            shown = " | ".join(str(each[key].get(word, 0)) for each in counts.values())
            lines.append(f"| {word or 'no year'} | {shown} |")
        if len(words) > 20:
            others = " | ".join(
                str(sum(each[key].get(word, 0) for word in words[20:])) for each in counts.values()
            )
            lines.append(f"| {len(words) - 20} others | {others} |")
        lines.append("")
    return "\n".join(lines).rstrip()
