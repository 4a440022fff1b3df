"""The model card: what the shipped model is, from its manifest, and what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CARD = """# Model card: the shipped classifier

Model `{model_id}`, features version {features_version}. Written by `python -m mailguard.classifier.release`; do not edit by hand.

## What it is for
It says what a message is where lists and recognisers cannot: its kind, a notification's event, a direct message's nature, and
who seems to write. It can only raise suspicion: lists decide who is a child, and nothing here clears anyone.
Linear heads (logistic regression) on hashed character and word n-grams of the subject and the sender's own words; no network,
no image is looked at, nothing learns by itself.

## What it was trained on
- {records} texts written for this project (`models/corpus/`, sha256 `{corpus}`), put into the shapes
  of real mail.
- {office} real office mails as examples of what is not a child's contact (sha256 of the archive
  `{office_hash}`); they are not part of the project.

## Held-out figures
Stretches of twelve records, whole platforms and, of office mail, whole senders were held out together. The texts were written
for training, by few hands: real mail will differ, and these figures are not a promise about it. They are also somewhat too good:
calibration, thresholds, regularisation and the weight of each feature block were chosen on these same held-out texts (about a
dozen settings were compared), and no set was kept that nothing was chosen on. Stretches of one author's file lie on both sides
of a split.

| what | value |
|---|---|
| kind right | {kind_right} |
| event right, on platforms never seen | {event_right} |
| initiator right | {initiator_right} |
| reads as a child's: found | {children_found} of {children} |
| reads as a child's: adults mistaken | {adults_mistaken} of {adults} |
| reads as a child's: office mail mistaken | {office_mail_mistaken} of {office} |
| headline nature right | {headline} |
| nature F1, mean over words | {macro} |
| office mail taken for a disclosure, allegation or threat | {office_grave} of {office} |

| nature | children's found | children's false | adults' found | adults' false | of these parents' |
|---|---|---|---|---|---|
{natures}

## Thresholds
Chosen on the held-out texts; in the manifest. "Reads as a child's" from {child_voice}.

## What is not known
No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested. No real pupil's or parent's mail was
used or seen. Languages other than English stand in the corpus with a few dozen texts each or fewer; text in a language it does
not know is marked uncertain. Adults who write as children do may be taken for one, and children who write formally are missed:
that is why the lists come first.
"""


def model_card(manifest: Mapping[str, Any], *, model_id: str) -> str:
    """Markdown, all figures from `manifest`."""
    held = manifest["held_out"]
    natures = "\n".join(
        f"| {word} | {c['child_found']} of {c['child']} | {c['child_false']} | {c['adult_found']} of {c['adult']} | "
        f"{c['adult_false']} | {c['parent_false']} |"
        for word, c in held["natures"].items()
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
        headline=held["headline_nature_right"],
        macro=held["nature_macro_f1"]["mean"],
        office_grave=held["office_mail_grave"],
        natures=natures,
        child_voice=manifest["thresholds"]["child_voice"],
        **{
            key: held["child_voice"][key]
            for key in ("children_found", "children", "adults_mistaken", "adults", "office_mail_mistaken")
        },
    )
