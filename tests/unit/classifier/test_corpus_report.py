"""What is said of the texts is true of them: near-duplicates are found where there are some, and ours keep their bounds."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from mailguard.classifier.corpus import Corpus, Record
from mailguard.classifier.corpus_report import (
    CorpusReport,
    era_of,
    length_of,
    load_sets,
    main,
    report_on,
    sample_text,
    summary,
)
from mailguard.classifier.likeness import alike, grams, moving_type_token_ratio, skeleton, tokens

# Twelve thousand texts are compared, each with each.
pytestmark = pytest.mark.timeout(300)
MODELS = Path(__file__).parents[3] / "models"
INVITE = "Tom Brown invited you to the group Hill Walkers on Chatter, where 14 people talk about the hills every day."


@cache
def ours() -> CorpusReport:
    return report_on(load_sets(MODELS))


def corpus(*bodies: str, file: str = "a.txt") -> Corpus:
    return Corpus(
        records=tuple(
            Record(file=file, line=place, subject="", body=body) for place, body in enumerate(bodies)
        ),
        sha256="",
    )


def test_a_text_copied_with_a_word_changed_is_a_near_duplicate_across_sets():
    longer = (
        "please could you tell me when the trip to the museum leaves and what my son has to bring for lunch"
    )
    report = report_on({"corpus": corpus(longer), "test": corpus(longer.replace("lunch", "dinner"))})
    (pair,) = report.near
    assert pair.is_across
    assert pair.share > 0.8
    assert (pair.left, pair.right) == ("corpus/a.txt:0", "test/a.txt:0")


def test_a_template_filled_with_other_names_is_found_though_its_words_differ():
    other = "Ann Lee invited you to the group Dog Owners on Chatter, where 8 people talk about the dogs every day."
    report = report_on({"corpus": corpus(INVITE, other)})
    assert report.near or report.slotted
    assert skeleton("invited you, Tom Brown, to 14 hills") == ["invited", "you", "_", "to", "_", "hills"]


def test_texts_of_other_words_are_not_alike():
    report = report_on(
        {
            "corpus": corpus(
                INVITE,
                "i forgot my pe kit again miss and mr hall shouted at me in front of everyone so im not going",
            )
        }
    )
    assert (report.near, report.slotted) == ((), ())


@pytest.mark.parametrize("seed", range(5))
def test_the_index_finds_exactly_the_pairs_that_comparing_each_with_each_finds(seed: int):
    rng = random.Random(seed)
    texts = [grams(rng.choices("abcd", k=rng.randrange(0, 12)), size=3) for _ in range(40)]
    expected = {
        (left, right): round(len(texts[left] & texts[right]) / len(texts[left] | texts[right]), 4)
        for right in range(40)
        for left in range(right)
        if texts[left] & texts[right]
    }
    found = {(pair.left, pair.right): pair.share for pair in alike(texts, least=0.2)}
    assert found == {pair: share for pair, share in expected.items() if share >= 0.2}


def test_variety_is_the_mean_over_windows_and_words_are_without_punctuation():
    assert moving_type_token_ratio(["a", "b", "a", "a"], window=2) == round((2 + 2 + 1) / 3 / 2, 4)
    assert moving_type_token_ratio([]) == 0.0
    assert tokens("Miss!! it’s ME, 3rd") == ["miss", "it's", "me", "3rd"]


def test_lengths_and_eras_have_their_names():
    assert [length_of(count) for count in (1, 3, 4, 300, 301)] == [
        "1 to 3",
        "1 to 3",
        "4 to 8",
        "121 to 300",
        "more than 300",
    ]
    assert [era_of(year) for year in ("2009", "2012", "2013", "2024", "")] == [
        "to 2012",
        "to 2012",
        "2013 to 2018",
        "from 2019",
        "",
    ]


def test_our_texts_are_as_many_and_as_many_kinds_as_promised():
    counts = ours().counts["corpus"]
    assert counts["kinds"]["direct"] >= 6000
    assert counts["platforms"] >= 60
    assert counts["platforms_of_three_years"] >= 60
    assert len(counts["notification_languages"]) >= 5
    assert len(counts["events"]) == 19
    assert set(counts["initiators"]) == {"child", "parent", "staff", "other"}
    assert set(counts["directions"]) == {"inbound", "outbound", "internal"}
    assert len(counts["natures"]) == 12
    assert counts["moving_type_token_ratio"] > 0.55


def test_held_out_texts_have_fifty_of_each_nature_initiator_and_platform_kind_to_measure_on():
    counts = ours().counts["test"]
    assert min(counts["natures"].values()) >= 50
    assert min(counts["initiators"].values()) >= 50
    assert counts["kinds"]["notification"] >= 50 * 10


def test_no_text_of_ours_is_nearly_another_and_none_held_out_nearly_a_training_text():
    report = ours()
    assert [pair for pair in report.near if pair.is_across] == []
    assert [pair for pair in report.near if pair.share >= 0.5] == []
    assert len(report.near) <= 5, report.near
    assert [pair for pair in report.slotted if pair.is_across] == []
    assert len(report.slotted) <= 5, report.slotted
    texts = sum(sum(counts["kinds"].values()) for counts in report.counts.values())
    # What is written beside a picture: "lol", "look", "voice note 0:14"; and "ok", "testing testing".
    assert report.identical_short <= texts // 750


def test_no_file_is_made_of_what_stands_in_other_files():
    assert max(ours().overlap.values()) < 0.3


def test_a_hundred_texts_are_drawn_for_a_reader_the_same_every_time():
    report = ours()
    assert len(report.sample) == 100
    assert len({place for place, _ in report.sample}) == 100
    headers = [line for line in sample_text(report).splitlines() if line.startswith("== ")]
    assert len(headers) == 100
    assert report.as_dict()["sample"] == [place for place, _ in report.sample]
    assert any(line.startswith("near-duplicates") for line in summary(report))


def test_a_held_out_text_that_is_a_training_text_ends_with_status_3(tmp_path: Path):
    record = f"== nature=other initiator=other\nSubject: x\n{INVITE}\n"
    for folder in ("corpus", "held_out/test"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.txt").write_text(record, encoding="utf-8")
    assert main(["--models", str(tmp_path), "--json", str(tmp_path / "out.json")]) == 3
    assert "near_duplicates" in (tmp_path / "out.json").read_text("utf-8")
