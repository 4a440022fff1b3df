"""Corpus files are loaded whole, or refused with every fault named."""

from pathlib import Path

import pytest

from mailguard.classifier.corpus import CorpusError, load_corpus, parse_records
from mailguard.domain.words import Initiator, Kind, Nature

_GOOD = """== nature=personal+social_invite initiator=child direction=inbound language=en
Subject: hi miss
first line

last line
== kind=notification platform=facebook event=follow era=2014 initiator=other language=en actor="Ann Other"
Subject:
Ann followed you
"""


def test_records_keep_body_lines_and_sort_natures_by_gravity():
    records, problems = parse_records(_GOOD, file="a.txt")
    assert problems == []
    assert records[0].body == "first line\n\nlast line"
    assert records[0].natures == (Nature.SOCIAL_INVITE, Nature.PERSONAL)
    assert records[0].initiator is Initiator.CHILD
    assert (records[1].kind, records[1].subject, records[1].actor, records[1].line) == (
        Kind.NOTIFICATION,
        "",
        "Ann Other",
        6,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello\n== nature=admin initiator=child\nSubject: x\ny", "before the first record"),
        ("== nature=rude initiator=child\nSubject: x\ny", "nature=rude"),
        ("== nature=admin initiator=probable-child\nSubject: x\ny", "initiator=probable-child"),
        ("== nature=admin mood=bad\nSubject: x\ny", "unknown key 'mood'"),
        ("== nature=admin\nno subject", "second line"),
        ("== initiator=child\nSubject: x\ny", "needs a nature"),
        ("== kind=notification initiator=other\nSubject: x\ny", "needs a platform and an event"),
        ("== nature=admin language=English!\nSubject: x\ny", "ISO code"),
    ],
)
def test_a_wrong_record_is_named_with_its_fault(text: str, says: str):
    _, problems = parse_records(text, file="a.txt")
    assert any(says in problem and problem.startswith("a.txt:") for problem in problems)


def test_all_faults_of_all_files_come_at_once(tmp_path: Path):
    (tmp_path / "one.txt").write_text("== nature=rude\nSubject: x\ny")
    (tmp_path / "two.txt").write_bytes(b"== nature=admin\nSubject: \xff\ny")
    with pytest.raises(CorpusError) as caught:
        load_corpus(tmp_path)
    assert len(caught.value.problems) == 2


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(CorpusError):
        load_corpus(tmp_path)


def test_the_hash_follows_content_and_name(tmp_path: Path):
    (tmp_path / "one.txt").write_text(_GOOD)
    first = load_corpus(tmp_path).sha256
    assert load_corpus(tmp_path).sha256 == first
    (tmp_path / "one.txt").rename(tmp_path / "two.txt")
    assert load_corpus(tmp_path).sha256 != first


def test_the_shipped_corpus_has_no_fault_and_no_record_twice():
    records = load_corpus(Path(__file__).parents[3] / "models" / "corpus").records
    texts = [(record.subject, record.body) for record in records if len(record.body) > 40]
    assert len(set(texts)) == len(texts)
