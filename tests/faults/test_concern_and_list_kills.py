"""SIGKILL while a concern is written, a link to write one is mailed, or a list is changed: all of it or nothing, once."""

import email
import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.list_writer import ListFolder
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings, HostPort
from mailguard.app.concern_links import ConcernLinks
from mailguard.app.concerns import LINK_ACTION, Concerns, LinkSpent
from mailguard.app.list_editing import TAG_APPLIED, ListEditing, UnknownDraft
from mailguard.app.list_files import ListName
from mailguard.app.lists import load_lists
from mailguard.domain.case import EffectKind, EffectState
from mailguard.domain.concern import Concern, ConcernKind, Reporter
from tests.effects_fixture import Office, school_settings
from tests.exporting import trail_of
from tests.list_fixture import FILES, around, list_files_in, write_lists
from tests.servers import CollectingNextHop
from tests.servers.process import HOST

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = school_settings(review_url="https://review.school.test")
NAIR = Reporter(name="Priya Nair", address="p.nair@school.test", person_id="S010", through="a mailed link")
ITEM = "0" * 32
WORDS = "Ella said she is afraid to go home."
_PRELUDE = """
import sys
from pathlib import Path
from tests.faults import test_concern_and_list_kills as t
scene = t.Scene(Path(sys.argv[1]), int(sys.argv[2]))
"""
RECORD = _PRELUDE + "scene.record(link=sys.argv[3])\n"
WORK = _PRELUDE + "scene.office.work()\n"
APPLY = _PRELUDE + "scene.editing.apply(sys.argv[3], by='acc-head')\n"


class Scene:
    """One school on disk, as each process opens it for itself."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.lists_folder = folder / "lists"
        files = list_files_in(self.lists_folder)
        courier = SmtpCourier(CourierSettings(server=HostPort(HOST, port)))
        self.office = Office(folder / "state", courier, settings=SETTINGS, clock=SystemClock())
        lists = load_lists(files, around())
        self.concerns = Concerns(
            store=self.office.store,
            blobs=self.office.opened.blobs,
            settings=SETTINGS,
            lists=lambda: lists,
            plan_effects=self.office.planner,
            clock=self.office.clock,
            policy_version="7f3c1a",
        )
        self.links = ConcernLinks(store=self.office.store, settings=SETTINGS, lists=lambda: lists)
        self.editing = ListEditing(
            files=files,
            surroundings=around(),
            store=self.office.store,
            writer=ListFolder(),
            settings=SETTINGS,
        )

    def record(self, *, link: str = "") -> Any:
        concern = Concern(kind=ConcernKind.HARM, words=WORDS)
        return self.concerns.record(concern, NAIR, item=ITEM, actor="S010", link=link)

    def tags(self) -> list[str]:
        with self.office.store.reading() as transaction:
            return [event.tag for event in transaction.audit.events()]


@pytest.fixture
def scene(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Scene]:
    write_lists(tmp_path / "lists")
    made = Scene(tmp_path, next_hop.port)
    yield made
    assert not trail_of(made.office).verify().problems
    made.office.close()


def killed(code: str, scene: Scene, port: int, point: str, *words: str) -> None:
    """A process of its own that dies at ``point``."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(scene.folder), str(port), *words],
        cwd=ROOT,
        env={**os.environ, "MAILGUARD_FAILPOINTS": f"{point}=kill", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def free_leases(scene: Scene) -> None:
    """As if the dead worker's lease had run out."""
    for effect in scene.office.effects(states=[EffectState.PENDING]):
        if effect.lease_until is not None:
            scene.office.store.renew_lease(effect, lease_seconds=-1)


def issued_link(scene: Scene) -> str:
    with scene.office.store.transaction() as transaction:
        return transaction.links.issue(
            action=LINK_ACTION,
            item="test",
            person_id="S010",
            expires_at=transaction.now.replace(year=transaction.now.year + 1),
        )


def is_open(scene: Scene, link: str) -> bool:
    with scene.office.store.reading() as transaction:
        return transaction.links.is_open(link, action=LINK_ACTION)


@pytest.mark.parametrize("with_link", [False, True], ids=["signed in", "by a mailed link"])
@pytest.mark.parametrize("point", ["blob-written", "blob-fsynced", "t1-before-commit", "t1-committed"])
def test_a_concern_is_there_whole_or_not_at_all_and_sending_the_form_again_makes_one_case(
    scene: Scene, next_hop: CollectingNextHop, point: str, with_link: bool
) -> None:
    link = issued_link(scene) if with_link else ""
    killed(RECORD, scene, next_hop.port, point, link)
    is_there = point == "t1-committed"
    assert scene.tags().count("review:concern:written") == int(is_there)
    if link:
        # A link that was used up without a concern would take the one way that its reader has.
        assert is_open(scene, link) is not is_there
    again = scene.record(link=link)
    assert again.newly is not is_there
    scene.office.work()
    reports = [each for each in next_hop.deliveries if each.recipients == ("head@school.test",)]
    assert len(reports) == 1
    assert scene.tags().count("review:concern:written") == 1
    assert scene.tags().count("gate:case:opened") == 1
    with scene.office.store.reading() as transaction:
        (message,) = transaction.cases.messages(again.case_id)
    assert WORDS.encode() in scene.office.opened.blobs.get(message.blob_id)
    if link:
        assert not is_open(scene, link)
        with pytest.raises(LinkSpent):
            scene.concerns.record(
                Concern(kind=ConcernKind.HARM, words="another"), NAIR, item="1" * 32, actor="S010", link=link
            )


@pytest.mark.parametrize("point", ["effect-leased", "t2-before-commit", "t2-committed"])
def test_a_mailed_link_comes_at_least_once_and_each_that_came_opens_the_form(
    scene: Scene, next_hop: CollectingNextHop, point: str
) -> None:
    scene.links.ask(NAIR.address, client="192.0.2.9")
    killed(WORK, scene, next_hop.port, point)
    free_leases(scene)
    scene.office.work()
    mails = [email.message_from_bytes(each.raw, policy=default) for each in next_hop.deliveries]
    assert len(mails) == (2 if point == "t2-before-commit" else 1)
    assert len({mail["Message-ID"] for mail in mails}) == 1
    (effect,) = scene.office.effects(EffectKind.CONCERN_LINK)
    assert effect.state is EffectState.DONE
    for mail in mails:
        (token,) = re.findall(r"https://review\.school\.test/\S+/([A-Za-z0-9_-]+)\s", mail.get_content())
        found = scene.links.look(token)
        assert found is not None
        assert found[0].person_id == "S010"
    assert scene.tags().count("review:concern-link:asked") == 1


PUPILS = FILES[ListName.PUPILS].encode()
WITH_KIM = PUPILS + b"P0010,Kim Oakes,9,kim@pupils.school.test,\n"


@pytest.mark.parametrize(
    "point", ["list-written-beside", "list-replaced", "list-before-commit", "list-committed"]
)
def test_a_list_is_the_old_one_or_the_new_one_and_its_history_says_which(
    scene: Scene, next_hop: CollectingNextHop, point: str
) -> None:
    scene.editing.note_outside()
    draft = scene.editing.propose_import(ListName.PUPILS, WITH_KIM, by="acc-head")
    killed(APPLY, scene, next_hop.port, point, draft)
    file = scene.lists_folder / "pupils.csv"
    is_replaced, is_recorded = point != "list-written-beside", point == "list-committed"
    assert file.read_bytes() == (WITH_KIM if is_replaced else PUPILS)
    load_lists(list_files_in(scene.lists_folder), around())
    assert scene.tags().count(TAG_APPLIED) == int(is_recorded)
    # What the daemon does at its start and at each reload: what is in force is kept and can be put back.
    scene.editing.note_outside()
    history = scene.editing.history(ListName.PUPILS)
    assert history[0].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(history) == (2 if is_replaced else 1)
    assert scene.editing.version_content(ListName.PUPILS, history[-1].number) == PUPILS
    if is_recorded:
        assert history[0].by == "acc-head"
        with pytest.raises(UnknownDraft):
            scene.editing.look(draft)
    elif is_replaced:
        assert history[0].by == ListEditing.OUTSIDE
        assert scene.editing.look(draft).is_stale
    else:
        scene.editing.apply(draft, by="acc-head")
        assert file.read_bytes() == WITH_KIM
        assert scene.tags().count(TAG_APPLIED) == 1


def test_pieces_of_a_list_that_was_being_written_are_no_list(
    scene: Scene, next_hop: CollectingNextHop
) -> None:
    draft = scene.editing.propose_import(ListName.PUPILS, WITH_KIM, by="acc-head")
    killed(APPLY, scene, next_hop.port, "list-written-beside", draft)
    left = [path.name for path in scene.lists_folder.iterdir() if path.suffix != ".csv"]
    assert all(name.startswith(".pupils.csv.") for name in left)
    assert load_lists(list_files_in(scene.lists_folder), around()).person("P0010") is None
    scene.editing.apply(draft, by="acc-head")
    assert load_lists(list_files_in(scene.lists_folder), around()).person("P0010") is not None
