"""A list is changed by proposing, looking and applying; nothing bad, stale or unconfirmed is written."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailguard.adapters.list_writer import ListFolder
from mailguard.app.list_editing import CannotApply, ListEditing, UnknownDraft, version_of
from mailguard.app.list_files import ListName
from mailguard.app.list_reload import CurrentLists
from mailguard.app.list_warnings import Gravity
from mailguard.app.ports import PermanentFailure
from mailguard.domain.case import EffectKind
from tests.effects_fixture import MovingClock, Office, RememberingCourier
from tests.list_fixture import FILES, around, list_files_in, write_lists


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lists(tmp_path / "lists")
    return tmp_path / "lists"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path / "state", RememberingCourier(), clock=clock)
    yield office
    office.close()


@pytest.fixture
def editing(folder: Path, office: Office) -> ListEditing:
    return ListEditing(
        files=list_files_in(folder),
        surroundings=around(),
        store=office.store,
        writer=ListFolder(),
        settings=office.settings,
    )


def pupils(*more: str, without: str = "") -> bytes:
    lines = [line for line in FILES[ListName.PUPILS].splitlines() if not without or without not in line]
    return ("\n".join([*lines, *more]) + "\n").encode()


def says(editing: ListEditing, draft: str) -> str:
    return "\n".join(f"{each.gravity}: {each.says}" for each in editing.look(draft).warnings)


def test_an_import_shows_what_it_changes_and_writes_nothing(editing: ListEditing, folder: Path) -> None:
    before = (folder / "pupils.csv").read_bytes()
    changed = pupils("P0009,Robin Lane,7,robin@inbox.test,").replace(b"tom.ash@", b"t.ash@")
    proposal = editing.look(editing.propose_import(ListName.PUPILS, changed, by="A1"))
    assert [row["id"] for row in proposal.diff.added] == ["P0009"]
    (change,) = proposal.diff.changed
    assert change.fields[0].gone == ("tom.ash@pupils.school.test",)
    assert change.fields[0].come == ("t.ash@pupils.school.test",)
    assert proposal.can_apply
    assert (folder / "pupils.csv").read_bytes() == before


def test_applying_writes_the_file_that_the_daemon_then_reloads(editing: ListEditing, folder: Path) -> None:
    news: list = []
    current = CurrentLists(list_files_in(folder), around(), news.append, settle_seconds=0)
    draft = editing.propose_import(ListName.PUPILS, pupils("P0009,Robin Lane,7,robin@inbox.test,"), by="A1")
    version = editing.apply(draft, by="A1")
    assert current.reload_if_changed()
    assert current.lists.by_address("robin@inbox.test")[0].id == "P0009"
    assert current.lists.version == version.lists_version
    assert (version.added, version.number) == (1, 2)


def test_a_file_that_the_daemon_would_refuse_is_never_written(editing: ListEditing, folder: Path) -> None:
    before = (folder / "pupils.csv").read_bytes()
    draft = editing.propose_import(ListName.PUPILS, b"id,name\nP1,Ann\nP1,Ben\n", by="A1")
    proposal = editing.look(draft)
    assert "is the id of" in str(proposal.problems[0])
    with pytest.raises(CannotApply, match="faults"):
        editing.apply(draft, by="A1", reason="x", is_confirmed=True)
    assert (folder / "pupils.csv").read_bytes() == before


def test_a_fault_between_two_lists_is_found(editing: ListEditing) -> None:
    draft = editing.propose_import(ListName.PUPILS, pupils(without="P0001"), by="A1")
    problems = editing.look(draft).problems
    assert "is no id of the pupil list" in str(problems[0])
    assert editing.lists_of(problems) == (ListName.PARENTS,)


def test_a_pupil_who_loses_an_address_is_said_loudly_and_wants_a_reason(editing: ListEditing) -> None:
    draft = editing.propose_import(ListName.PUPILS, pupils().replace(b" ella@inbox.test", b""), by="A1")
    assert says(editing, draft) == "loud: P0001 would lose ella@inbox.test (addresses)"
    with pytest.raises(CannotApply, match="lowers the protection"):
        editing.apply(draft, by="A1", is_confirmed=True, reason=" ")
    with pytest.raises(CannotApply, match="lowers the protection"):
        editing.apply(draft, by="A1", reason="left")
    version = editing.apply(draft, by="A1", is_confirmed=True, reason="she closed it")
    assert version.is_lowering
    assert version.reason == "she closed it"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (ListName.EXCLUDED_CORRESPONDENTS, {"address": "nurse@health.test", "reason": "occupational health"}),
        (
            ListName.DECLARED_RELATIONSHIPS,
            {"staff": "S011", "person": "P0001", "relationship": "niece", "declared_on": "2026-09-02"},
        ),
        (
            ListName.OFFICIAL_ACCOUNTS,
            {"mailbox": "office@school.test", "platform": "x", "handle": "StTests", "owner": "S001"},
        ),
    ],
)
def test_trusting_somebody_wants_a_reason(editing: ListEditing, name: ListName, row: dict[str, str]) -> None:
    draft = editing.propose_row(name, row, by="A1")
    assert editing.look(draft).needs_reason
    assert editing.apply(draft, by="A1", is_confirmed=True, reason="agreed with the Head").is_lowering


@pytest.mark.parametrize(
    "row",
    [
        # The head's address on one's own row: cases about oneself would be closed to the head.
        {
            "id": "S012",
            "name": "Gwen Tollard",
            "role": "caretaker",
            "addresses": "g.tollard@school.test head@school.test",
        },
        # One's own address on another row: one would no longer be the one a case is about.
        {"id": "S012", "name": "Gwen Tollard", "role": "caretaker", "addresses": "gwen@school.test"},
        {"id": "S012", "name": "Gwen Smith", "role": "caretaker", "addresses": "g.tollard@school.test"},
        {"id": "S012", "name": "Gwen Tollard", "role": "head", "addresses": "g.tollard@school.test"},
        {"id": "S099", "name": "Somebody Else", "addresses": "head@school.test"},
        {"id": "S099", "name": "Somebody Else", "addresses": "stranger@far.test"},
    ],
)
def test_what_moves_a_case_to_other_readers_wants_a_reason_and_is_told_to_the_chain(
    editing: ListEditing, office: Office, row: dict[str, str]
) -> None:
    lines = {each.fields["id"]: each.line for each in editing.table(ListName.STAFF).rows}
    line = lines.get(row["id"], 0)
    draft = editing.propose_row(ListName.STAFF, row, by="A1", line=line, version=editing.version())
    with pytest.raises(CannotApply, match="lowers the protection"):
        editing.apply(draft, by="A1")
    assert not told(office)
    assert editing.apply(draft, by="A1", is_confirmed=True, reason="agreed").is_lowering
    assert {address for address, _ in told(office)} == {
        "head@school.test", "deputy@school.test", "chair@school.test"
    }  # fmt: skip
    assert "Reason given: agreed" in told(office)[0][1]


def test_a_file_replaced_on_the_server_that_lowers_the_protection_is_told_to_the_chain(
    editing: ListEditing, office: Office, folder: Path
) -> None:
    editing.note_outside()
    assert not told(office)
    excluded = folder / "excluded_correspondents.csv"
    excluded.write_text(excluded.read_text(encoding="utf-8") + "*@far.test,mine\n", encoding="utf-8")
    assert editing.note_outside() == 1
    assert "Somebody on the server changed the list" in told(office)[0][1]
    assert "far.test" not in told(office)[0][1]


def told(office: Office) -> list[tuple[str, str]]:
    """(to whom, the words) of the notices in the outbox."""
    with office.store.reading() as transaction:
        notices = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    return [(each.address, "\n".join(each.payload["lines"])) for each in notices]


def test_a_colleague_at_the_schools_own_domain_wants_no_reason(editing: ListEditing, office: Office) -> None:
    row = {"id": "S021", "name": "Nora Vale", "role": "teacher", "addresses": "n.vale@school.test"}
    editing.apply(editing.propose_row(ListName.STAFF, row, by="A1"), by="A1")
    assert not told(office)


def test_adding_a_pupil_wants_no_reason(editing: ListEditing) -> None:
    draft = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes", "year": "7"}, by="A1")
    assert not editing.look(draft).needs_reason
    assert not editing.apply(draft, by="A1").is_lowering


def test_an_address_that_moves_from_pupils_to_staff_is_said_loudly(editing: ListEditing) -> None:
    row = {"id": "S020", "name": "Ella Bee", "addresses": "ella@inbox.test"}
    draft = editing.propose_row(ListName.STAFF, row, by="A1")
    assert "ella@inbox.test would be on the list of staff (S020) and on that of pupils (P0001)" in says(
        editing, draft
    )


def test_many_rows_that_vanish_are_said_loudly_and_half_of_a_list_is_refused(
    editing: ListEditing, folder: Path
) -> None:
    many = pupils(
        *(f"P1{number:03},Pupil Number{number:03},7,p{number}@pupils.school.test," for number in range(40))
    )
    editing.apply(editing.propose_import(ListName.PUPILS, many, by="A1"), by="A1")
    fewer = b"\n".join(many.splitlines()[:-8]) + b"\n"
    draft = editing.propose_import(ListName.PUPILS, fewer, by="A1")
    assert says(editing, draft).startswith("loud: 8 of 43 rows would go")
    halved = editing.propose_import(ListName.PUPILS, pupils(), by="A1")
    assert editing.look(halved).lost == (ListName.PUPILS,)
    with pytest.raises(CannotApply, match="More than half"):
        editing.apply(halved, by="A1", is_confirmed=True, reason="x")


def test_a_draft_made_over_other_lists_is_refused(editing: ListEditing, folder: Path) -> None:
    first = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes"}, by="A1")
    second = editing.propose_row(ListName.PUPILS, {"id": "P0011", "name": "Lee Marsh"}, by="A2")
    editing.apply(first, by="A1")
    assert editing.look(second).is_stale
    with pytest.raises(CannotApply, match="have changed"):
        editing.apply(second, by="A2")
    assert b"P0010" in (folder / "pupils.csv").read_bytes()


def test_a_row_is_changed_only_in_the_lists_it_was_opened_in(editing: ListEditing, folder: Path) -> None:
    version = editing.lists().version
    editing.propose_row(ListName.PUPILS, {"id": "P0002", "name": "Tom Ash"}, by="A1", line=3, version=version)
    (folder / "pupils.csv").write_bytes(pupils(without="P0002"))
    with pytest.raises(CannotApply, match="have changed"):
        editing.propose_removal(ListName.PUPILS, 3, by="A1", version=version)


def test_a_draft_is_applied_once(editing: ListEditing) -> None:
    draft = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes"}, by="A1")
    editing.apply(draft, by="A1")
    with pytest.raises(UnknownDraft):
        editing.apply(draft, by="A1")


def test_a_draft_grows_too_old(editing: ListEditing, clock: MovingClock) -> None:
    draft = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes"}, by="A1")
    clock.pass_time(hours=13)
    with pytest.raises(UnknownDraft):
        editing.look(draft)


def test_what_was_in_force_before_the_first_change_can_be_put_back(
    editing: ListEditing, folder: Path
) -> None:
    before = (folder / "pupils.csv").read_bytes()
    draft = editing.propose_import(ListName.PUPILS, pupils("P0009,Robin Lane,7,robin@inbox.test,"), by="A1")
    editing.apply(draft, by="A1")
    newest, oldest = editing.history(ListName.PUPILS)
    assert (newest.by, newest.says, oldest.by, oldest.says) == ("A1", "import", "daemon", "first seen")
    back = editing.propose_restoring(ListName.PUPILS, oldest.number, by="A2")
    editing.apply(back, by="A2", is_confirmed=True, reason="wrong export")
    assert (folder / "pupils.csv").read_bytes() == before
    assert editing.history(ListName.PUPILS)[0].says == "version 1 put back"


def test_a_file_replaced_on_the_server_is_a_version_too(editing: ListEditing, folder: Path) -> None:
    assert editing.note_outside() == len(FILES)
    (folder / "pupils.csv").write_bytes(pupils(without="P0002"))
    assert editing.note_outside() == 1
    newest = editing.history(ListName.PUPILS)[0]
    assert (newest.says, newest.removed, newest.is_lowering) == ("file replaced on the server", 1, True)
    assert editing.note_outside() == 0


def test_the_trail_has_ids_and_counts_and_no_name_or_address(editing: ListEditing, office: Office) -> None:
    draft = editing.propose_import(ListName.PUPILS, pupils("P0009,Robin Lane,7,robin@inbox.test,"), by="A1")
    editing.apply(draft, by="A1")
    excluded = editing.propose_row(
        ListName.EXCLUDED_CORRESPONDENTS, {"address": "nurse@health.test", "reason": "health"}, by="A1"
    )
    editing.apply(excluded, by="A1", is_confirmed=True, reason="agreed with Helen")
    with office.store.reading() as transaction:
        trail = "".join(str(event) for event in transaction.audit.events())
        lowered = transaction.lists.lowered_since(office.clock.now())
    assert "lists:list:changed" in trail
    assert "P0009" in trail
    for content in ("Robin", "inbox.test", "health.test", "Helen"):
        assert content not in trail
    assert [each.list for each in lowered] == [ListName.EXCLUDED_CORRESPONDENTS]


def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"IT can put the file in place"):
        ListFolder().write(tmp_path / "nowhere" / "pupils.csv", b"x")


def test_a_written_file_keeps_its_rights_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "pupils.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    ListFolder().write(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["pupils.csv"]


def test_the_version_is_the_one_that_the_daemon_counts(editing: ListEditing, folder: Path) -> None:
    contents = {name: (folder / f"{name.value}.csv").read_bytes() for name in FILES}
    assert version_of(contents) == editing.lists().version


def test_the_loudest_warning_stands_first(editing: ListEditing) -> None:
    changed = pupils().replace(b"Tom Ash", b"Tom Ashe").replace(b" ella@inbox.test", b"")
    proposal = editing.look(editing.propose_import(ListName.PUPILS, changed, by="A1"))
    assert [each.gravity for each in proposal.warnings] == [Gravity.LOUD, Gravity.LOWERS]


def test_old_versions_are_forgotten_but_for_the_newest_of_each_list(
    editing: ListEditing, office: Office, clock: MovingClock
) -> None:
    for number in range(6):
        row = {"id": f"P01{number}", "name": f"Kim Oakes{number}"}
        editing.apply(editing.propose_row(ListName.PUPILS, row, by="A1"), by="A1")
    clock.pass_time(days=401)
    with office.store.transaction() as transaction:
        before = clock.now() - timedelta(days=400)
        assert transaction.lists.forget_old(before=before, kept=5) == 2
    assert [each.number for each in editing.history(ListName.PUPILS)] == [7, 6, 5, 4, 3]
    assert editing.version_content(ListName.PUPILS, 1) is None
    assert editing.version_content(ListName.PUPILS, 7) is not None


def test_a_file_that_changes_while_a_change_is_checked_is_not_overwritten(
    folder: Path, office: Office
) -> None:
    class Racing(ListFolder):
        """Somebody replaces the file after it was read for the check, and before it is written."""

        is_armed = False

        def is_writable(self, path: Path) -> bool:
            if self.is_armed:
                path.write_bytes(pupils(without="P0002"))
            return True

    writer = Racing()
    editing = ListEditing(
        files=list_files_in(folder),
        surroundings=around(),
        store=office.store,
        writer=writer,
        settings=office.settings,
    )
    draft = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes"}, by="A1")
    writer.is_armed = True
    with pytest.raises(CannotApply, match="have changed"):
        editing.apply(draft, by="A1")
    assert (folder / "pupils.csv").read_bytes() == pupils(without="P0002")
    assert len(editing.history(ListName.PUPILS)) == 0
