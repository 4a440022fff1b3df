"""What the model does not understand is delivered, and waits for somebody to read it: all of it, each letter once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailguard.app.gate import Judged, PolicyGate
from mailguard.app.inspect import Inspector
from mailguard.app.labelling import NOT_KEPT
from mailguard.app.lists import IndexedLists
from mailguard.app.model_watch import ModelWatch
from mailguard.app.not_understood import NotUnderstood
from mailguard.app.planning import ReportPlanner
from mailguard.app.ports import Receipt, TemporaryFailure
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.app.sampling import MOST_BYTES, Sampler, SamplingSettings
from mailguard.classifier.artefact import open_classifier
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope
from mailguard.model_wiring import grave_thresholds
from mailguard.reading.message import read
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path
from tests.effects_fixture import school_settings as effects_settings
from tests.schooling import (
    CHAIR,
    DEPUTY,
    HEAD,
    NOW,
    OFFICE,
    PARENT,
    PUPIL,
    SECOND_TEACHER,
    STRANGER,
    TEACHER,
    make_lists,
    make_school,
    shipped_policy,
)
from tests.storing import School, TurnedClock, open_school, school_settings

TODAY = date(2026, 11, 24)
PRIVATE = "kestrel99@mail.example"
# In no language: no model will ever have learned it.
UNKNOWN = "Vrulok kandethim mishpator venikal, zhurbanik tolvesh oprindul. Kvastelin mirudok ashvend!"
SETTINGS = SamplingSettings(
    blind_per_week=5,
    uncertain_per_week=5,
    doubtful_per_day=2,
    chain_addresses=frozenset({HEAD, DEPUTY, CHAIR}),
)
CLASSIFIER = open_classifier()


class Gatehouse:
    """The gate with the shipped model, the lists and a store, and what is noted beside it."""

    def __init__(self, folder: Path, lists: IndexedLists, *, clock: TurnedClock | None = None) -> None:
        clock = clock or TurnedClock(NOW)
        self.school: School = open_school(school_settings(folder), clock)
        self.lists = lists
        self.alarms: list[str] = []
        opened = self.school.opened
        inspector = Inspector(
            school=make_school(),
            policy=shipped_policy(),
            recognisers=Recognisers.from_toml(
                shipped_path("config/platforms.toml").read_bytes(), "platforms.toml"
            ),
            lists=lambda: lists,
            classifier=lambda: CLASSIFIER,
            clock=clock,
            trusted_authserv_ids=frozenset({"mx.hill.example"}),
        )
        self.not_understood = NotUnderstood(
            store=opened.store,
            blobs=opened.blobs,
            shred=opened.blobs.shred,
            lists=lambda: lists,
            settings=SETTINGS,
            today=lambda: TODAY,
            thresholds=lambda: grave_thresholds(CLASSIFIER),
            on_problem=lambda word, _: self.alarms.append(word),
        )
        self.sampler = Sampler(
            store=opened.store,
            blobs=opened.blobs,
            shred=opened.blobs.shred,
            lists=lambda: lists,
            settings=SETTINGS,
            today=lambda: TODAY,
            thresholds=lambda: grave_thresholds(CLASSIFIER),
            chance=random.Random(1),
        )
        self.gate = PolicyGate(
            inspector=inspector,
            casebook=self.school.casebook,
            store=opened.store,
            plan_effects=ReportPlanner(effects_settings()),
            clock=clock,
            mode=Mode.ENFORCE,
            on_recorded=lambda: None,
            on_alarm=lambda word, _: self.alarms.append(word),
            on_judged=self.not_understood.consider,
            on_counted=self.sampler.consider,
        )

    def judge(
        self,
        words: str,
        *,
        sender: str = PRIVATE,
        to: str = TEACHER,
        header_to: str = "",
        more: str = "",
        number: int = 1,
        receipt: Receipt | None = None,
    ) -> Judged:
        raw = (
            f"From: {sender}\r\nTo: {header_to or to}\r\nSubject: {words.split()[0]}\r\nMessage-ID: <{number}@x.example>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n{more}\r\n{words}\r\n"
        ).encode()
        envelope = Envelope(mail_from=sender, rcpt_tos=tuple(to.split(", ")))
        return self.gate.judge(raw, envelope, receipt or Receipt(via="relay", received_at=NOW))

    def waiting(self) -> list[SampleRecord]:
        with self.school.opened.store.reading() as transaction:
            return list(transaction.samples.waiting())


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> IndexedLists:
    return make_lists(tmp_path_factory.mktemp("lists"), make_school())


@pytest.fixture
def house(tmp_path: Path, lists: IndexedLists) -> Iterator[Gatehouse]:
    made = Gatehouse(tmp_path / "state", lists)
    yield made
    made.school.opened.store.close()


@pytest.mark.parametrize("sender", [PARENT, PRIVATE])
def test_a_letter_in_an_unknown_language_waits_to_be_read_before_it_is_delivered(
    house: Gatehouse, sender: str
):
    judged = house.judge(UNKNOWN, sender=sender)
    assert not judged.must_record
    (sample,) = house.waiting()
    assert sample.reason is SampleReason.FOREIGN
    assert sample.envelope["from"] == sender
    assert "Vrulok" not in str(sample.envelope)
    assert house.school.opened.blobs.get(sample.blob_id) == judged.raw
    says = [each.says for each in judged.inspection.assessment.signals]
    assert any("it waits on the page of samples" in each for each in says)


def test_there_is_no_bound_on_them_but_one_against_a_flood_which_is_on_the_record(house: Gatehouse):
    house.not_understood.most_a_day = 7
    for number in range(9):
        house.judge(f"{UNKNOWN} {'abcdefghi'[number] * 5}", number=number)
    assert len(house.waiting()) == 7
    with house.school.opened.store.reading() as transaction:
        assert [each.tag for each in transaction.audit.events()] == [NOT_KEPT] * 2


def test_copies_of_one_letter_are_read_once_and_name_everybody_who_has_it(house: Gatehouse):
    for number, to in enumerate((TEACHER, SECOND_TEACHER, OFFICE)):
        house.judge(UNKNOWN, to=to, number=number)
    (sample,) = house.waiting()
    assert sample.envelope["to"] == [TEACHER, SECOND_TEACHER, OFFICE]
    with house.school.opened.store.transaction() as transaction:
        transaction.samples.note_opened(sample.id)
    house.judge(UNKNOWN, to=TEACHER, number=9)
    assert len(house.waiting()) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"sender": STRANGER},
        {"sender": SECOND_TEACHER},
        {"sender": TEACHER, "to": PRIVATE},
        {"sender": PUPIL},
        {"to": HEAD},
        {"to": CHAIR},
        {"header_to": f"{TEACHER}, {DEPUTY}"},
        {"receipt": Receipt(via="mailbox", received_at=NOW, is_backlog=True)},
    ],
)
def test_these_are_not_offered_for_somebody_has_them_or_nobody_may_look(
    house: Gatehouse, more: dict[str, object]
):
    judged = house.judge(UNKNOWN, **more)  # type: ignore[arg-type]
    assert house.waiting() == []
    if not more.get("receipt"):
        says = [each.says for each in judged.inspection.assessment.signals]
        assert not any("it waits on the page of samples" in each for each in says)


def test_what_the_model_understands_is_not_offered(house: Gatehouse):
    house.judge(
        "Dear Mr Brown, Ella is ill today and will not be in school. Kind regards, Priya", sender=PARENT
    )
    assert house.waiting() == []


def test_one_that_names_the_head_is_closed_to_the_head_and_waits_for_others(house: Gatehouse):
    house.judge(f"{UNKNOWN} Alice Head {UNKNOWN}")
    (sample,) = house.waiting()
    assert set(sample.closed_to) == {"S1", "roles.head"}


def test_of_a_large_letter_the_words_are_kept_and_nothing_else(house: Gatehouse):
    boundary = 'Content-Type: multipart/mixed; boundary="b"\r\n'
    body = (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{UNKNOWN}\r\n--b\r\n"
        "Content-Type: image/jpeg; name=IMG_1.jpg\r\nContent-Disposition: attachment; filename=IMG_1.jpg\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" + "AAAA\r\n" * (MOST_BYTES // 4) + "--b--\r\n"
    )
    raw = (
        f"From: Zoë \udce9 Kestrel <{PRIVATE}>\r\nTo: {TEACHER}\r\nSubject: Vrulok\r\n{boundary}\r\n{body}"
    ).encode("utf-8", "surrogateescape")
    envelope = Envelope(mail_from=PRIVATE, rcpt_tos=(TEACHER,))
    judged = house.gate.judge(raw, envelope, Receipt(via="relay", received_at=NOW))
    assert not judged.must_record
    (sample,) = house.waiting()
    kept = house.school.opened.blobs.get(sample.blob_id)
    facts = read(kept)
    assert len(kept) < 10_000
    assert facts.own_text.strip() == UNKNOWN
    assert facts.subject == "Vrulok"
    assert not facts.attachments
    assert sample.envelope["attachments"] == 1


def test_while_the_store_takes_nothing_mail_goes_on_and_what_must_be_read_is_kept_for_later(house: Gatehouse):
    blobs = house.not_understood.blobs

    class FullDisk:
        def put(self, raw: bytes) -> str:
            raise TemporaryFailure("no space left")

    house.not_understood.blobs = FullDisk()  # type: ignore[assignment]
    assert not house.judge(UNKNOWN).must_record
    assert house.alarms == ["not_understood_not_kept_yet"]
    with pytest.raises(TemporaryFailure):
        house.not_understood.flush()
    house.not_understood.blobs = blobs
    ModelWatch(tally=_NoTally(), sampler=house.sampler, not_understood=house.not_understood).flush()  # type: ignore[arg-type]
    assert [each.reason for each in house.waiting()] == [SampleReason.FOREIGN]


class _NoTally:
    def flush(self) -> None:
        """Counts are another's."""


def doubtful(house: Gatehouse, number: int, share: float) -> None:
    """A parent's, delivered, with a disclosure so likely: a real inspection with other scores."""
    words = f"Dear Mr Brown, my daughter has a dental appointment on Friday, reference {'abcdefgh'[number] * 4}. Kind regards"
    judged = house.judge(words, sender=PARENT, number=number)
    scores = replace(
        judged.inspection.scores,
        nature={**judged.inspection.scores.nature, "disclosure": share},
        is_foreign=False,
    )
    house.sampler.consider(replace(judged, inspection=replace(judged.inspection, scores=scores)))


def test_of_what_it_is_not_sure_of_so_many_a_day_wait_and_the_rest_stay_with_the_week_s(house: Gatehouse):
    for number, share in enumerate((0.2, 0.3, 0.25, 0.35, 0.38)):
        doubtful(house, number, share)
        house.sampler.flush()
    reasons = {round(each.envelope["certainty"], 2): each.reason for each in house.waiting()}
    assert [reasons[each] for each in sorted(reasons)] == [
        SampleReason.DOUBTFUL,
        SampleReason.DOUBTFUL,
        SampleReason.UNCERTAIN,
        SampleReason.UNCERTAIN,
        SampleReason.UNCERTAIN,
    ]


def test_the_lot_is_drawn_of_every_message_and_a_message_is_shown_once(house: Gatehouse):
    for number, share in enumerate((0.2, 0.3, 0.25, 0.35, 0.38)):
        doubtful(house, number, share)
    house.sampler.flush()
    with house.school.opened.store.reading() as transaction:
        counts = transaction.samples.counts("2026-W48")
    by_reason = {reason: count for (reason, _), count in counts.items()}
    assert by_reason == {SampleReason.DOUBTFUL: 2, SampleReason.UNCERTAIN: 3, SampleReason.BLIND: 5}
    assert len(house.waiting()) == 5
