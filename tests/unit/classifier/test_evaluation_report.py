"""The evaluation from held-out texts to a page: figures add up, every miss is named, and the page asks nothing of the network."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.evaluation_report import FIGURES, PAGE, main, promise_lines, write_report
from mailguard.classifier.report_page import report_page
from tests.servers import make_message

MODELS = Path(__file__).parents[3] / "models"
TEST_FILES = (
    "direct-children-08.txt",
    "direct-adults-outside.txt",
    "direct-adults-young-parents.txt",
    "direct-adults-staff-outbound.txt",
    "notifications-known-contacts.txt",
    "notifications-unseen-latecomers.txt",
)
CORPUS_FILES = (
    "direct/others-professional.txt",
    "direct/staff-internal-everyday.txt",
    "direct/bulk-marketing.txt",
)
RECORDS = 14
pytestmark = pytest.mark.timeout(300)
_VOID = frozenset({"meta", "br", "line", "circle", "polyline"})


class Outline(HTMLParser):
    """Tags that stay open, headings, and everything that could be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.fetched: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.fetched += [
            str(value) for name, value in attrs if name in ("src", "href", "srcset", "action", "data")
        ]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def copy_beginning(source: Path, target: Path, *, records: int = RECORDS) -> None:
    """The first records of a file: enough to count, and quick to judge."""
    target.parent.mkdir(parents=True, exist_ok=True)
    parts = source.read_text("utf-8").split("\n== ")
    target.write_text("\n== ".join(parts[:records]) + "\n", "utf-8")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in TEST_FILES:
        copy_beginning(MODELS / "held_out" / "test" / name, folder / "held_out" / "test" / name)
    pupils = "coastal-pupils.txt"
    copy_beginning(MODELS / "held_out" / "choosing" / pupils, folder / "held_out" / "choosing" / pupils)
    for name in CORPUS_FILES:
        copy_beginning(MODELS / "corpus" / name, folder / "corpus" / name, records=40)
    return folder


@pytest.fixture(scope="module")
def office_mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty dull mails of six senders, and one that reads as a child's: a false alarm that must be named."""
    path = tmp_path_factory.mktemp("office") / "mail.tar.xz"
    with tarfile.open(path, "w:xz") as tar:
        for number in range(60):
            body = f"Please find attached invoice {number}.\r\nhttps://shop.example/{number}\r\n\r\nRegards\r\nAccounts\r\n"
            add(tar, f"inbox/{number:02}.eml", f"accounts{number % 6}@firm.example", body)
        add(
            tar,
            "inbox/young.eml",
            "somebody@gmail.com",
            "miss its me im in ur year 9 english class omg plz dont be mad i lost my book",
        )
    return path


def add(tar: tarfile.TarFile, name: str, sender: str, body: str) -> None:
    raw = make_message(sender=sender, to="office@firm.example", subject="Invoice", body=body)
    entry = tarfile.TarInfo(name)
    entry.size = len(raw)
    tar.addfile(entry, io.BytesIO(raw))


@pytest.fixture(scope="module")
def report(
    models: Path, office_mail: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Mapping[str, Any], str]:
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, open_classifier(), models=models, office_mail=office_mail)
    return json.loads((folder / FIGURES).read_text("utf-8")), (folder / PAGE).read_text("utf-8")


def test_every_text_is_counted_once_and_every_wrong_answer_is_named_by_file_and_line(
    report: tuple[Mapping[str, Any], str], models: Path
):
    figures, page = report
    test = figures["test"]
    headers = [
        line
        for path in (models / "held_out" / "test").glob("*.txt")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("== ")
    ]
    assert test["texts"] == len(headers)
    for question, head in (("kind", "kind"), ("initiator", "initiator"), ("event", "event")):
        missed = [miss for miss in figures["misses"] if miss["question"] == question]
        assert len(missed) == test[head]["texts"] - test[head]["right"]
    natures = [miss for miss in figures["misses"] if miss["question"] == "nature"]
    assert len(natures) == test["nature"]["texts"] - test["nature"]["headline_right"]
    for miss in figures["misses"]:
        file, _, line = miss["place"].rpartition(":")
        assert (
            (models / "held_out" / "test" / file)
            .read_text("utf-8")
            .splitlines()[int(line) - 1]
            .startswith("== ")
        )
        assert miss["place"] in page


def test_confusions_and_parts_add_up(report: tuple[Mapping[str, Any], str]):
    test, slices = report[0]["test"], report[0]["slices"]
    for head in ("kind", "initiator", "event", "nature"):
        assert sum(sum(row.values()) for row in test[head]["confusion"].values()) == test[head]["texts"]
    for name in ("length in words", "language", "direction", "who writes", "file"):
        assert sum(row["texts"] for row in slices[name].values()) == test["direct"], name
    assert sum(row["texts"] for row in slices["platform"].values()) == test["notifications"]
    assert set(slices["platform"]) == {"known", "never seen"}


def test_known_platforms_are_recognised_and_children_with_a_name_on_the_roll_are_found(
    report: tuple[Mapping[str, Any], str],
):
    test = report[0]["test"]
    assert test["whole_way_event_of_known_platforms"]["right_share"] > 0.8
    assert test["child"]["whole_way_found"] >= test["child"]["whole_way_found_by_name"] > 0


def test_a_false_alarm_in_office_mail_is_named(report: tuple[Mapping[str, Any], str]):
    office = report[0]["office_mail"]
    assert office["messages"] == 61
    assert any(name.startswith("inbox/young.eml") for name in office["held"])
    assert "inbox/young.eml" in report[1]


def test_the_probe_tells_mail_apart_that_is_nothing_like_ours_and_says_by_what(
    report: tuple[Mapping[str, Any], str],
):
    probe = report[0]["probe"]
    assert probe["real"] == 61
    form = probe["probes"]["form as the model sees it"]
    assert form["auc"] > 0.9
    assert "one link" in {entry["feature"] for entry in form["most_telling"]}


def test_the_page_is_whole_without_scripts_and_asks_nothing_of_the_network(
    report: tuple[Mapping[str, Any], str],
):
    page = report[1]
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert (outline.scripts, outline.fetched) == (0, [])
    assert "url(" not in page
    assert "@import" not in page
    assert len(outline.headings) == 12
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested" in page


def test_every_promise_has_its_verdict_in_words(report: tuple[Mapping[str, Any], str]):
    figures, page = report
    assert len(figures["promises"]) == 6
    assert page.count('<span class="met">') + page.count('<span class="missed">') == 6
    assert [line[:7].strip() in ("met", "NOT MET") for line in promise_lines(dict(figures))] == [True] * 6


def test_a_report_without_office_mail_and_choosing_set_leaves_those_parts_out(
    report: tuple[Mapping[str, Any], str],
):
    fewer = {
        key: value
        for key, value in report[0].items()
        if key not in ("office_mail", "probe", "choosing", "texts")
    }
    page = report_page(fewer)
    assert "Real office mail" not in page
    assert "Can our texts be told" not in page


def test_names_in_a_report_are_escaped(report: tuple[Mapping[str, Any], str]):
    miss = {"question": "kind", "place": "<b>.txt:1", "truth": "a&b", "said": "<i>", "sure": 0.5}
    page = report_page({**report[0], "misses": [miss]})
    assert "&lt;b&gt;.txt:1" in page
    assert not re.search(r"<b>|<i>", page)


def test_a_dark_model_is_not_measured(tmp_path: Path):
    assert main(["--out", str(tmp_path / "out"), "--model", str(tmp_path)]) == 1
    assert not (tmp_path / "out").exists()
