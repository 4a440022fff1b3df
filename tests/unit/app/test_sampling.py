"""Who may be in the weekly sample, and that it is drawn by lot whatever the order, the process and the time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from mailguard.app.gate import Judged
from mailguard.app.inspect import Inspector
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import Receipt
from mailguard.app.ports_learning import SampleReason
from mailguard.app.sampling import MOST_BYTES, Sampler, SamplingSettings, may_sample
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope, MessageFacts
from mailguard.domain.not_understood import certainty
from mailguard.domain.scores import Scores
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path
from tests.schooling import (
    CHAIR,
    DECLARED_CHILD,
    DEPUTY,
    HEAD,
    NOW,
    OFFICE,
    PARENT,
    PUPIL,
    SECOND_TEACHER,
    STRANGER,
    TEACHER,
    UNION,
    make_lists,
    make_school,
    shipped_policy,
)
from tests.storing import School, open_school, school_settings

TODAY = date(2026, 11, 24)
CHAIN = frozenset({HEAD, DEPUTY, CHAIR})
SETTINGS = SamplingSettings(blind_per_week=5, uncertain_per_week=5, chain_addresses=CHAIN)
SURE = Scores(model_id="m", kind={"direct": 0.99}, initiator={"other": 0.98})
UNSURE = Scores(
    model_id="m", kind={"direct": 0.6}, initiator={"other": 0.4, "child": 0.35}, is_uncertain=True
)


@dataclass
class Says:
    scores: Scores = SURE
    model_id: str = "m"

    def predict(self, facts: MessageFacts) -> Scores:
        return self.scores


@dataclass
class Clock:
    def now(self) -> object:
        return NOW


@dataclass
class Post:
    """Judges messages as the gate does, with a model that says what it is told."""

    inspector: Inspector
    says: Says
    number: int = field(default=0)

    def judged(
        self,
        sender: str = STRANGER,
        to: str = TEACHER,
        body: str = "Your order of exercise books is ready for collection.",
        *headers: str,
        scores: Scores = SURE,
    ) -> Judged:
        self.number += 1
        self.says.scores = scores
        lines = [f"From: {sender}", f"To: {to}", f"Subject: number {self.number}", *headers, "", body, ""]
        raw = "\r\n".join(lines).encode()
        envelope = Envelope(mail_from=sender, rcpt_tos=tuple(to.split(", ")))
        inspection = self.inspector.inspect(raw, envelope)
        return Judged(raw, envelope, Receipt(via="relay", received_at=NOW), inspection, Mode.ENFORCE)


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> IndexedLists:
    return make_lists(tmp_path_factory.mktemp("lists"), make_school())


@pytest.fixture(scope="module")
def post(lists: IndexedLists) -> Post:
    says = Says()
    path = shipped_path("config/platforms.toml")
    inspector = Inspector(
        school=make_school(),
        policy=shipped_policy(),
        recognisers=Recognisers.from_toml(path.read_bytes(), "platforms.toml"),
        lists=lambda: lists,
        classifier=lambda: says,
        clock=Clock(),  # type: ignore[arg-type]
        trusted_authserv_ids=frozenset({"mx.hill.example"}),
    )
    return Post(inspector, says)


PASS = "Authentication-Results: mx.hill.example; dmarc=pass"
MAY = {
    "a stranger's order": (STRANGER, TEACHER, "Your order is ready."),
    "a parent's letter": (PARENT, OFFICE, "My daughter is ill today and stays at home."),
    "to two colleagues": (STRANGER, f"{TEACHER}, {SECOND_TEACHER}", "Your order is ready."),
    "names a teacher": (STRANGER, OFFICE, "Please pass this on to Tom Brown, thank you."),
}
MAY_NOT = {
    "a pupil's, which is held": (PUPIL, TEACHER, "hello sir"),
    "a trade union's": (UNION, TEACHER, "Your case meeting is on Monday."),
    "occupational health, copied to a colleague": (
        "nurse@oh.example",
        f"{TEACHER}, {SECOND_TEACHER}",
        "Your appointment.",
    ),
    "one's own declared child": (DECLARED_CHILD, TEACHER, "dad can you pick me up"),
    "to the Head": (STRANGER, HEAD, "Your order is ready."),
    "to the deputy and a teacher": (STRANGER, f"{TEACHER}, {DEPUTY}", "Your order is ready."),
    "to the chair's other address": (STRANGER, "carla@council.example", "Your order is ready."),
    "from the chair": (CHAIR, TEACHER, "See you at the meeting."),
    "among colleagues": (SECOND_TEACHER, TEACHER, "Lunch?"),
    "sent by a teacher": (TEACHER, STRANGER, "Thank you for your letter."),
    "names the Head": (STRANGER, TEACHER, "I was told by Alice Head that the hall is free."),
    "names the chair by role": (STRANGER, TEACHER, "The Chair of Governors told me to write to you."),
    "too large": (STRANGER, TEACHER, "words " * (MOST_BYTES // 5)),
}


@pytest.mark.parametrize("name", MAY)
def test_ordinary_mail_from_outside_may_be_in_the_sample(post: Post, lists: IndexedLists, name: str):
    assert may_sample(post.judged(*MAY[name]).inspection, lists, SETTINGS, today=TODAY)


@pytest.mark.parametrize("name", MAY_NOT)
def test_this_is_never_in_the_sample(post: Post, lists: IndexedLists, name: str):
    judged = post.judged(*MAY_NOT[name], PASS)
    assert not may_sample(judged.inspection, lists, SETTINGS, today=TODAY)


def test_an_excluded_correspondent_is_not_sampled_even_when_it_could_not_be_verified(
    post: Post, lists: IndexedLists
):
    judged = post.judged(
        UNION, TEACHER, "Your case meeting.", "Authentication-Results: mx.hill.example; dmarc=fail"
    )
    assert judged.inspection.headline.row.code != "X1"
    assert not may_sample(judged.inspection, lists, SETTINGS, today=TODAY)


def test_the_model_is_less_certain_of_what_it_says_it_is_uncertain_of():
    unsure = replace(SURE, is_uncertain=True)
    assert certainty(SURE, {}) > certainty(unsure, {}) > certainty(Scores(model_id="m"), {})


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


def sampler_of(
    school: School, lists: IndexedLists, *, seed: int = 1, settings: SamplingSettings = SETTINGS
) -> Sampler:
    return Sampler(
        store=school.opened.store,
        blobs=school.opened.blobs,
        shred=school.opened.blobs.shred,
        lists=lambda: lists,
        settings=settings,
        today=lambda: TODAY,
        chance=random.Random(seed),
    )


def kept(school: School, reason: SampleReason) -> list[bytes]:
    with school.opened.store.reading() as transaction:
        found = [each for each in transaction.samples.waiting() if each.reason is reason]
    return [school.opened.blobs.get(each.blob_id) for each in found]


def test_so_many_a_week_are_kept_over_many_flushes_and_two_processes(
    school: School, post: Post, lists: IndexedLists
):
    both = [sampler_of(school, lists, seed=seed) for seed in (1, 2)]
    for number in range(60):
        both[number % 2].consider(post.judged())
        if number % 7 == 0:
            both[0].flush()
            both[1].flush()
    for sampler in both:
        sampler.flush()
    assert len(kept(school, SampleReason.BLIND)) == 5
    assert kept(school, SampleReason.UNCERTAIN) == []
    store = school.opened.store
    with store.reading() as transaction:
        blobs = {each.blob_id for each in transaction.samples.waiting()}
    alive = [path for path in (store_folder(school)).glob("*/*") if path.is_file()]
    assert len(alive) == len(blobs) == 5


def store_folder(school: School) -> Path:
    return school.settings.state_folder / "blobs"


def test_every_message_has_the_same_chance(school: School, post: Post, lists: IndexedLists):
    messages = [post.judged() for _ in range(20)]
    drawn: Counter[int] = Counter()
    for seed in range(150):
        sampler = sampler_of(school, lists, seed=seed)
        for judged in messages:
            sampler.consider(judged)
        drawn.update(messages.index(each.judged) for each in sampler._waiting)
    assert drawn.total() == 150 * 5
    # 37.5 expected for each; a chance of one in a million lies outside.
    assert 10 < min(drawn.values()) <= max(drawn.values()) < 70


def test_the_least_certain_are_kept_and_one_message_is_offered_once(
    school: School, post: Post, lists: IndexedLists
):
    sampler = sampler_of(school, lists, settings=replace(SETTINGS, uncertain_per_week=2, blind_per_week=10))
    for number in range(6):
        share = 0.9 - 0.1 * number
        sampler.consider(
            post.judged(scores=replace(UNSURE, kind={"direct": share}, initiator={"other": 0.9}))
        )
    last = post.number
    sampler.flush()
    uncertain = kept(school, SampleReason.UNCERTAIN)
    assert sorted(int(raw.split(b"number ")[1].split(b"\r")[0]) for raw in uncertain) == [last - 1, last]
    assert not set(uncertain) & set(kept(school, SampleReason.BLIND))


def test_what_is_held_or_old_or_switched_off_is_not_considered(
    school: School, post: Post, lists: IndexedLists
):
    off = sampler_of(school, lists, settings=SamplingSettings(blind_per_week=0, uncertain_per_week=0))
    off.consider(post.judged(scores=UNSURE))
    assert off.flush() == 0
    sampler = sampler_of(school, lists)
    sampler.consider(post.judged(PUPIL))
    old = post.judged()
    sampler.consider(replace(old, receipt=replace(old.receipt, is_backlog=True)))
    assert sampler.flush() == 0


def test_the_envelope_of_a_sample_has_no_word_of_it(school: School, post: Post, lists: IndexedLists):
    sampler = sampler_of(school, lists)
    sampler.consider(post.judged(body="Xylophones are ready."))
    sampler.flush()
    with school.opened.store.reading() as transaction:
        (sample,) = transaction.samples.waiting()
    assert "number" not in str(sample.envelope)
    assert "Xylophones" not in str(sample.envelope)
    assert sample.envelope["from"] == STRANGER
