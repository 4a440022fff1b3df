"""People are told by mail when no model can be used: at once, once each time, and when that is over and stays so."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailguard.app.chain_notice import ChainNoticePerformer
from mailguard.app.digest_calendar import DigestPlan
from mailguard.app.model_alarm import tell_bright, tell_dark
from mailguard.app.sightings import ModelFaults, RunningFacts, add_model_faults, note_running, sightings
from mailguard.classifier.promotion import Promoter
from mailguard.classifier.registry import VERSIONS, ModelRegistry
from mailguard.classifier.reload import CurrentModel
from mailguard.daemon.telling import model_alarm_job, tell_start
from mailguard.domain.case import EffectKind
from mailguard.model_wiring import tell_model_news
from tests.effects_fixture import (
    CHAIR,
    DEPUTY,
    HEAD,
    LADO,
    MONDAY,
    Office,
    RememberingCourier,
    school_settings,
)
from tests.models import add_candidate, alter

IT = "it@school.test"
DARK, BRIGHT = "No model is in use: the lists decide alone", "A model is in use again"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = replace(
        school_settings(), digest=DigestPlan(admin_address=IT), review_url="https://review.school.test"
    )
    opened = Office(tmp_path / "state", RememberingCourier(), settings=settings)
    yield opened
    opened.close()


@pytest.fixture
def promoter(office: Office, tmp_path: Path) -> Promoter:
    """With a model of the school's own in force."""
    key = office.store.keys.model_key
    registry = ModelRegistry(tmp_path / "models", public_key=key.public_key().public_bytes_raw())
    made = Promoter(registry=registry, store=office.store, key=key)
    model_id = add_candidate(registry, key)
    made.promote(model_id, by="I. Admin", reason="test", is_forced=False, expected_serial=0)
    return made


def follow(office: Office, registry: ModelRegistry, *, is_recorded: bool = True) -> CurrentModel:
    def listen(news: object) -> None:
        tell_model_news(office.store, news, settings=office.settings, is_recorded=is_recorded)  # type: ignore[arg-type]

    return CurrentModel(registry, listen)


def start(office: Office, model: CurrentModel) -> None:
    tell_start(office.store, office.settings, part_names=frozenset(), policy="p", lists="l", model=model)


def time_passes(office: Office, model: CurrentModel, *, minutes: int) -> None:
    """The daemon's clock looks again and again: here thrice."""
    job = model_alarm_job(office.store, office.settings, model)
    for _ in range(3):
        office.clock.pass_time(seconds=20 * minutes)
        job.call()


def told(office: Office) -> list[tuple[str, str, str]]:
    """(to whom, the subject, the words) of the notices in the outbox."""
    with office.store.reading() as transaction:
        found = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    return [(each.address, each.payload["subject"], "\n".join(each.payload["lines"])) for each in found]


def subjects(office: Office) -> Counter[str]:
    return Counter(subject for _, subject, _ in told(office))


def weights_of(promoter: Promoter) -> Path:
    return promoter.registry.folder / VERSIONS / promoter.registry.pointer().promoted / "weights.npz"


def test_going_dark_is_told_to_the_chain_and_to_it_once_and_so_is_its_end(office: Office, promoter: Promoter):
    current = follow(office, promoter.registry)
    start(office, current)
    assert told(office) == []
    place = weights_of(promoter)
    right = place.read_bytes()
    alter(place, 0.5)
    assert current.reload_if_changed()
    alter(place, 0.6)
    assert current.reload_if_changed() is True
    notices = told(office)
    assert sorted(address for address, _, _ in notices) == sorted(
        [HEAD.address, DEPUTY.address, CHAIR.address, IT]
    )
    assert LADO.address not in {address for address, _, _ in notices}
    subject, words = notices[0][1:]
    assert subject == DARK
    assert "not the file that was signed" in words
    assert "mailguard model rollback" in words
    place.write_bytes(right)
    assert current.reload_if_changed()
    time_passes(office, current, minutes=9)
    assert subjects(office) == {DARK: 4}
    time_passes(office, current, minutes=60)
    assert subjects(office) == {DARK: 4, BRIGHT: 4}
    assert "There was none since" in told(office)[-1][2]
    alter(place, 0.5)
    assert current.reload_if_changed()
    assert subjects(office) == {DARK: 8, BRIGHT: 4}


def test_a_restart_and_a_relay_worker_tell_nothing_again(office: Office, promoter: Promoter):
    alter(weights_of(promoter), 0.5)
    start(office, follow(office, promoter.registry))
    assert len(told(office)) == 4
    start(office, follow(office, promoter.registry))
    assert len(told(office)) == 4
    worker = follow(office, promoter.registry, is_recorded=False)
    alter(weights_of(promoter), 0.6)
    worker.reload_if_changed()
    assert len(told(office)) == 4


def test_one_that_was_mended_while_nothing_ran_is_told_at_the_next_start(office: Office, promoter: Promoter):
    right = weights_of(promoter).read_bytes()
    alter(weights_of(promoter), 0.5)
    start(office, follow(office, promoter.registry))
    weights_of(promoter).write_bytes(right)
    current = follow(office, promoter.registry)
    start(office, current)
    time_passes(office, current, minutes=11)
    assert subjects(office) == {DARK: 4, BRIGHT: 4}


def test_weights_that_come_and_go_are_told_once_and_the_end_counts_how_often(
    office: Office, promoter: Promoter
):
    place = weights_of(promoter)
    right = place.read_bytes()
    current = follow(office, promoter.registry)
    start(office, current)
    for _ in range(4):
        alter(place, 0.5)
        assert current.reload_if_changed()
        assert subjects(office) == {DARK: 4}
        time_passes(office, current, minutes=1)
        place.write_bytes(right)
        assert current.reload_if_changed()
        time_passes(office, current, minutes=1)
    assert subjects(office) == {DARK: 4}
    time_passes(office, current, minutes=10)
    assert subjects(office) == {DARK: 4, BRIGHT: 4}
    assert "it went and came back 4 times" in told(office)[-1][2]


def test_a_container_that_starts_under_another_name_each_time_tells_nothing_again(office: Office):
    for number in range(6):
        with office.store.transaction() as transaction:
            is_told = tell_dark(
                transaction, office.settings, machine=f"pod-{number}", reason="altered", fix=""
            )
        assert is_told is (number == 0)
        office.clock.pass_time(minutes=1)
    for minutes in (0, 11):
        office.clock.pass_time(minutes=minutes)
        with office.store.transaction() as transaction:
            tell_bright(transaction, office.settings, machine="pod-7", model="m")
    assert subjects(office) == {DARK: 4, BRIGHT: 4}
    assert "on pod-0" in told(office)[0][2]
    assert "on pod-7" in told(office)[-1][2]


def test_what_the_model_could_not_score_is_counted_anew_from_each_start(office: Office, promoter: Promoter):
    with office.store.transaction() as transaction:
        add_model_faults(transaction.ledger, ModelFaults(judged=9, faults=1))
    start(office, follow(office, promoter.registry))
    with office.store.reading() as transaction:
        assert sightings(transaction.ledger).model_faults == ModelFaults()


def test_health_says_what_to_do_as_the_mail_does(office: Office, promoter: Promoter):
    with office.store.transaction() as transaction:
        note_running(transaction.ledger, RunningFacts(started_at=MONDAY, program="1", policy="p", lists="l"))
    current = follow(office, promoter.registry)
    alter(weights_of(promoter), 0.5)
    current.reload_if_changed()
    with office.store.reading() as transaction:
        running = sightings(transaction.ledger).running
    assert running is not None
    assert running.model_fix == current.fix
    assert "mailguard model rollback" in current.fix


def test_the_mail_names_the_page_of_the_model_and_no_message(office: Office, promoter: Promoter):
    current = follow(office, promoter.registry)
    alter(weights_of(promoter), 0.5)
    current.reload_if_changed()
    courier = RememberingCourier()
    performer = ChainNoticePerformer(courier=courier, settings=office.settings, clock=office.clock)
    with office.store.reading() as transaction:
        effects = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    for effect in effects:
        performer.perform(effect)
    (mail,) = courier.to(IT)
    assert b"https://review.school.test/model" in mail.raw
    assert b"/accounts" not in mail.raw
    assert b"Subject: [mailguard] No model is in use" in mail.raw
