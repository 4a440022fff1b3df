"""The shipped model is small, and what the documents say of it is what its signed manifest says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mailguard.classifier.artefact import model_status, open_classifier
from mailguard.classifier.corpus import load_corpus
from mailguard.classifier.corpus_report import era_of, load_sets, report_on
from mailguard.classifier.data_sheet import data_sheet
from mailguard.classifier.held_out import judge
from mailguard.classifier.model_card import model_card
from mailguard.domain.words import CONTACT_EVENTS, Event, Kind
from mailguard.shipped import shipped_path

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
UNKNOWN = "No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested"


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shipped_path("models/manifest.json").read_text("utf-8"))
    return found


def plain(page: str) -> str:
    return " ".join(page.split())


def test_the_shipped_model_is_below_twenty_megabytes():
    assert sum(path.stat().st_size for path in shipped_path("models").iterdir()) < 20_000_000


def test_the_shipped_model_was_made_of_the_texts_that_ship():
    for folder, part in (("corpus", "corpus"), ("held_out/choosing", "choosing"), ("held_out/test", "test")):
        told = manifest()[part]["sha256"]
        assert load_corpus(ROOT / "models" / folder).sha256 == told, f"{folder}: make the model anew"


def test_sixty_platforms_have_their_events_in_three_eras_and_several_languages():
    events: dict[str, set[str]] = {}
    eras: dict[str, set[str]] = {}
    languages: dict[str, set[str]] = {}
    for record in load_corpus(ROOT / "models" / "corpus").records:
        if record.kind is Kind.NOTIFICATION and record.event is not None:
            events.setdefault(record.platform, set()).add(record.event.value)
            eras.setdefault(record.platform, set()).add(era_of(record.era))
            languages.setdefault(record.platform, set()).add(record.language)
    full = [
        name
        for name in events
        if len(events[name]) >= 6 and len(eras[name]) >= 3 and len(languages[name]) >= 3
    ]
    assert len(full) >= 60


def test_notices_of_an_offices_services_are_delivered_and_contacts_on_unseen_services_are_seen():
    """A fifth of the contacts, and all hundred notices: the whole is in the evaluation report."""
    records = load_corpus(ROOT / "models" / "held_out" / "test").records
    of_offices = [record for record in records if record.file.endswith("office-services.txt")]
    contacts = [record for record in records if record.event in CONTACT_EVENTS - {Event.SHARE}][::5]
    judged = judge(open_classifier(), [*of_offices, *contacts])
    taken = [each for each in judged[: len(of_offices)] if each.event not in ("", Event.SECURITY)]
    unseen = [each for each in judged[len(of_offices) :] if not each.is_known_platform]
    assert len(of_offices) == 100
    assert len(taken) <= 3, [each.record.subject for each in taken]
    assert len(unseen) > 30
    assert sum(bool(each.event) for each in unseen) >= 0.75 * len(unseen)


def test_the_model_card_is_what_the_signed_manifest_says():
    status = model_status(shipped_path("models"))
    assert status.problem == ""
    page = (REFERENCE / "model-card.md").read_text("utf-8")
    assert page == model_card(manifest(), model_id=status.model_id), "run: mailguard.classifier.release"


def test_the_data_sheet_is_of_the_texts_that_the_shipped_model_was_trained_on():
    page = (REFERENCE / "data-sheet.md").read_text("utf-8")
    corpus = manifest()["corpus"]
    assert f"sha256 `{corpus['sha256'][:16]}`" in page
    found = re.search(r"^\| corpus \| (\d+) \|", page, re.MULTILINE)
    assert found is not None
    assert int(found.group(1)) == corpus["records"]


def test_a_data_sheet_made_now_counts_the_texts_that_are_there_now():
    sets = load_sets(ROOT / "models")
    page = data_sheet(report_on({"test": sets["test"]}), manifest())
    assert f"| test | {len(sets['test'].records)} |" in page
    assert "{" not in page


def test_card_and_sheet_say_plainly_what_is_not_known():
    for name in ("model-card.md", "data-sheet.md"):
        assert UNKNOWN in plain((REFERENCE / name).read_text("utf-8")), name
