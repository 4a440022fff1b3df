"""The digest counts what nobody has read though the program did not understand it, and shows the way; no word of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailguard.app.digest_calendar import DigestPlan
from mailguard.app.labelling import Labelling
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.reading.message import read
from tests.digest_scene import MORNING, Scene, scene
from tests.effects_fixture import CHAIR, DEPUTY, HEAD
from tests.unit.app.test_digest_content import digest_to, html_of, text_of

LINK = "https://mailguard.school.test/sample"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, digest=DigestPlan()) as played:
        yield played


def offer(
    played: Scene,
    number: int,
    reason: SampleReason = SampleReason.FOREIGN,
    *,
    age_days: int = 0,
    closed_to: tuple[str, ...] = (),
) -> str:
    sample = SampleRecord(
        id=f"{number:032x}",
        week="2026-W40",
        day="2026-09-29",
        reason=reason,
        rank=number,
        blob_id=played.office.opened.blobs.put(b"Subject: Vrulok\r\n\r\nkandethim\r\n"),
        received_at=played.clock.now() - timedelta(days=age_days),
        words_key=str(number),
        envelope={"from": "kestrel@mail.test", "to": ["p.nair@school.test"], "closed_to": list(closed_to)},
    )
    with played.office.store.transaction() as transaction:
        transaction.samples.offer(sample, keep=None)
    return sample.id


def labelling_of(played: Scene) -> Labelling:
    return Labelling(
        store=played.office.store,
        blobs=played.office.opened.blobs,
        read=read,
        keep_days=14,
        examples_keep_days=365,
    )


def fall_due(played: Scene) -> None:
    played.at(MORNING)
    played.digests_fall_due()


def flat(text: str) -> str:
    return " ".join(text.split())


def test_what_nobody_has_looked_at_is_counted_with_a_link_and_no_word_of_it(school: Scene):
    offer(school, 1)
    offer(school, 2)
    offer(school, 3, SampleReason.DOUBTFUL)
    labelling_of(school).ask_to_open(offer(school, 4))
    fall_due(school)
    digest = digest_to(school, HEAD.address)
    text = flat(text_of(digest))
    assert "3 letters to read" in str(digest["Subject"])
    assert "Three delivered letters that the program did not understand wait to be read." in text
    assert "The program did not understand these (3)" in text
    assert "2 letters in words it does not know, 1 letter of which it was not sure" in text
    assert f"Open: {LINK}" in text
    assert f'href="{LINK}"' in html_of(digest)
    for word in ("Vrulok", "kandethim", "kestrel"):
        assert word not in text + html_of(digest)


def test_what_ended_unread_is_counted_once_and_what_was_read_is_not(school: Scene):
    offer(school, 1, age_days=15)
    labelling_of(school).ask_to_open(offer(school, 2, age_days=15))
    labelling_of(school).forget_old(now=school.clock.now(), shred=school.office.opened.blobs.shred)
    fall_due(school)
    text = flat(text_of(digest_to(school, HEAD.address)))
    assert "1 letter was destroyed because its time was over, and nobody had looked." in text
    with school.office.store.reading() as transaction:
        assert transaction.samples.unread() == ()
    school.at(MORNING + timedelta(days=1))
    school.digests_fall_due()
    newest = list(school.courier.to(HEAD.address))[-1]
    assert b"nobody had looked" not in newest.raw


def test_what_names_the_head_is_told_to_the_deputy_and_not_to_the_head(school: Scene):
    offer(school, 1, closed_to=("S001", "roles.head"))
    offer(school, 2, age_days=15, closed_to=("S001", "roles.head"))
    labelling_of(school).forget_old(now=school.clock.now(), shred=school.office.opened.blobs.shred)
    fall_due(school)
    assert "did not understand" not in text_of(digest_to(school, HEAD.address))
    deputy = flat(text_of(digest_to(school, DEPUTY.address)))
    assert "The program did not understand these (1)" in deputy
    assert "1 letter was destroyed" in deputy
    assert [each for each in school.courier.to(CHAIR.address) if b"digest" in each.raw] == []


def test_what_names_head_and_deputy_is_told_to_the_chair(school: Scene):
    offer(school, 1, closed_to=("roles.head", "roles.deputy"))
    fall_due(school)
    assert "The program did not understand these (1)" in flat(text_of(digest_to(school, CHAIR.address)))
    assert [each for each in school.courier.to(DEPUTY.address) if b"digest" in each.raw] == []
