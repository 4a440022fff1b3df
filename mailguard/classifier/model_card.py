"""The model card: what the shipped model is, from its manifest, and what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailguard.classifier.heads import GRAVE

_CARD = """# Model card: the shipped classifier

Model `{model_id}`, features version {features_version}. Written by `python -m mailguard.classifier.release`; do not edit by hand.

## What it is for
It says what a message is where lists and recognisers cannot: its kind, a notification's event, a direct message's nature, and
who seems to write. It can only raise suspicion: lists decide who is a child, and nothing here clears anyone.
Two readers: linear heads (logistic regression) on hashed character and word n-grams of the subject and the sender's own words,
and a small transformer of {layers} layers that reads a text whole where the linear reader finds something that might matter
(above {ordinary}). Both run on numpy alone; nothing is fetched, no image is looked at, nothing learns by itself.

## What it was trained on
- {records} texts written for this project (`models/corpus/`, sha256 `{corpus}`), put into the shapes
  of real mail.
- {office} real office mails as examples of what is not a child's contact (sha256 of the archive
  `{office_hash}`); they are not part of the project.
- The transformer began as the first layers of all-MiniLM-L6-v2 (sentence-transformers, Apache License 2.0), whose own training
  on public English text we did not see; `models/encoder/README.md` says how it was taught further.

## Held-out figures
On {test_texts} texts by other hands, of pupils, adults and platforms that stand nowhere in the training (`models/held_out/test`);
nothing was chosen on them. Blend, calibration of the blend and thresholds come from {choosing_texts} further ones
(`models/held_out/choosing`) and from office mail that the linear reader's fold at hand had not seen; the transformer was shown 1,200 of
the office mails while it was taught, so what is said of office mail here is somewhat too good. All texts were written for this
project, by few hands and mostly by language models: real mail will differ, and these figures are no promise about it. The model
alone is asked here; what lists, names and wording add is in the evaluation report (`make evaluate`,
`mailguard model evaluate --report`).

| what | value |
|---|---|
| kind right | {kind_right} |
| event right | {event_right} |
| error of the stated certainty (ECE): kind, event, who writes | {errors} |
| initiator right | {initiator_right} |
{readings}
| headline nature right | {headline} |
| nature F1, mean over words | {macro} |
| office mail taken for a disclosure, allegation or threat | {office_grave} of {office} |

| nature | children's found | children's false | adults' found | adults' false | of these parents' |
|---|---|---|---|---|---|
{natures}

## Thresholds
In the manifest. A letter from a parent's address reads as a child's from {child_voice}; one from an address that nobody knows from
{likely_child}. A nature holds from 0.4 on, where a miss costs one and a half false ones, a child's disclosure or threat from 0.25,
where a miss costs three, and a child's allegation from 0.33, where it costs two; from more where adults' letters need it for a
precision of 0.8 to 0.92 on the choosing texts, children's for 0.6 to 0.7. A stretch of a long text,
and a paragraph or a file's name of what reads as a child's letter, count less than the whole, in logits: {margins}.

## What is not known
No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested. No real pupil's or parent's mail was
used or seen. Other languages stand in the corpus with some hundreds of texts each, the rarer fewer; text in a language it does
not know is marked uncertain. Adults who write as children do may be taken for one, and children who write formally are missed:
that is why the lists come first.
"""

_READINGS = {
    "likely_child": "reads as a child's, from an address that nobody knows",
    "child_voice": "reads as a child's, from a parent's address",
}


def model_card(manifest: Mapping[str, Any], *, model_id: str) -> str:
    """Markdown, all figures from `manifest`."""
    held = manifest["held_out"]
    natures = "\n".join(
        f"| {word} | {c['child_found']} of {c['child']} | {c['child_false']} | {c['adult_found']} of {c['adult']} | "
        f"{c['adult_false']} | {c['parent_false']} |"
        for word in GRAVE
        for c in (held["natures"][word],)
    )
    return _CARD.format(
        model_id=model_id,
        features_version=manifest["features_version"],
        records=manifest["corpus"]["records"],
        corpus=manifest["corpus"]["sha256"][:16],
        office=manifest["office_mail"]["messages"],
        office_hash=manifest["office_mail"]["sha256"][:16] or "none",
        kind_right=held["kind_right"],
        event_right=held["event_right"],
        initiator_right=held["initiator_right"],
        errors=", ".join(str(held["calibration_error"][head]) for head in ("kind", "event", "initiator")),
        headline=held["headline_nature_right"],
        macro=held["nature_macro_f1"]["mean"],
        office_grave=held["office_mail_grave"],
        natures=natures,
        layers=manifest["encoder"].get("layers", "no"),
        test_texts=manifest["test"]["texts"],
        choosing_texts=manifest["choosing"]["texts"],
        **{key: manifest["thresholds"][key] for key in ("child_voice", "likely_child", "ordinary")},
        margins=", ".join(
            f"{word} {margin}" for word, margin in sorted(manifest["thresholds"]["stretch_margins"].items())
        ),
        readings="\n".join(
            f"| {says}: children found | {c['children_found']} of {c['children']} |\n"
            f"| {says}: adults mistaken (colleagues are not asked) | {c['adults_mistaken']} of {c['adults']} |\n"
            f"| {says}: office mail mistaken | {c['office_mail_mistaken']} of {manifest['office_mail']['messages']} |"
            for key, says in _READINGS.items()
            for c in (held[key],)
        ),
    )
