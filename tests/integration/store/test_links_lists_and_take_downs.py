"""Links, list history and take-down requests, on both databases; nothing of people stands in clear."""

from datetime import date, timedelta

from mailguard.app.list_files import ListName
from mailguard.app.list_records import ListDraft, ListVersion
from mailguard.app.take_down_letter import About, Letter
from mailguard.app.take_down_records import TakeDown, TakeDownNote
from mailguard.domain.take_down import TakeDownState
from tests.storing import START, School, one_report, opening

CONTENT = "id,name\nP1,Zoë Żak\n".encode() * 2000


def test_a_link_is_spent_once_and_told_apart_from_none(school: School):
    store = school.opened.store
    with store.transaction() as transaction:
        token = transaction.links.issue(
            action="a", item="i" * 32, person_id="S1", expires_at=START + timedelta(hours=1)
        )
    with store.transaction() as transaction:
        assert not transaction.links.spend(token, action="other", case_id="MG-2026-0001")
        assert transaction.links.spend(token, action="a", case_id="MG-2026-0001")
        assert not transaction.links.spend(token, action="a", case_id="MG-2026-0002")
    school.clock.turn(days=2)
    with store.reading() as transaction:
        found = transaction.links.find(token, action="a")
        assert found is not None
        assert (found.case_id, found.person_id) == ("MG-2026-0001", "S1")
        assert not transaction.links.is_open(token, action="a")
        assert transaction.links.find("x" * 26, action="a") is None
    with store.transaction() as transaction:
        assert transaction.links.forget_old(expired_before=school.clock.at) == 1


def test_a_draft_comes_back_byte_for_byte_and_goes_once(school: School):
    draft = ListDraft(
        id="d" * 32,
        list=ListName.PUPILS,
        base_version="b" * 12,
        made_at=START,
        made_by="acc-1",
        says="import",
        content=CONTENT,
    )
    store = school.opened.store
    with store.transaction() as transaction:
        transaction.lists.put_draft(draft)
    with store.transaction() as transaction:
        assert transaction.lists.draft("d" * 32) == draft
        assert transaction.lists.drop_draft("d" * 32)
        assert not transaction.lists.drop_draft("d" * 32)


def test_versions_are_numbered_in_each_list_and_their_content_kept(school: School):
    def version(name: ListName, **changes: object) -> ListVersion:
        fields: dict = {
            "at": START,
            "by": "acc-1",
            "says": "import",
            "lists_version": "v" * 12,
            "sha256": "0" * 64,
        }
        return ListVersion(list=name, number=0, rows=1, **(fields | changes))

    store = school.opened.store
    with store.transaction() as transaction:
        lists = transaction.lists
        assert lists.add_version(version(ListName.PUPILS), CONTENT) == 1
        assert lists.add_version(version(ListName.STAFF, is_lowering=True, reason="left"), b"x") == 1
        assert lists.add_version(version(ListName.PUPILS, removed=3), b"y") == 2
    with store.reading() as transaction:
        lists = transaction.lists
        assert [(each.number, each.removed) for each in lists.versions(ListName.PUPILS)] == [(2, 3), (1, 0)]
        assert lists.content(ListName.PUPILS, 1) == CONTENT
        assert lists.content(ListName.PUPILS, 3) is None
        assert [each.reason for each in lists.lowered_since(START)] == ["left"]
        assert lists.lowered_since(START + timedelta(seconds=1)) == ()


def test_a_take_down_request_and_its_way(school: School):
    store = school.opened.store
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    letter = Letter(
        school_name="St Oswin's",
        recipient="Chatter Ltd\nComplaints",
        case_id=case_id,
        about=About.BOTH,
        url="https://chatter.example/p/1",
        platform="Чат",
        seen_on="",
        quoted="",
        evidence_sha256="0" * 64,
        is_evidence_text=True,
        signed_name="A. Head",
        signed_title="Head",
        answer_to="head@stoswins.example",
        written_on=date(2026, 9, 28),
        by_day=None,
    )
    request = TakeDown(
        id="t" * 32,
        case_id=case_id,
        state=TakeDownState.WRITTEN,
        made_at=START,
        made_by="acc-1",
        updated_at=START,
        remind_on=date(2026, 10, 5),
        quoted="ż",
        letter=letter,
        text="Dear Sir",
    )
    with store.transaction() as transaction:
        transaction.take_downs.add(request)
    with store.transaction() as transaction:
        book = transaction.take_downs
        assert book.find(request.id) == request
        assert book.of_case(case_id) == book.unfinished() == tuple(book.all()) == (request,)
        moved = {"expected": TakeDownState.WRITTEN, "state": TakeDownState.REMOVED, "remind_on": None}
        assert book.move(request.id, **moved)  # type: ignore[arg-type]
        assert not book.move(request.id, **moved)  # type: ignore[arg-type]
        for state in (TakeDownState.SENT, TakeDownState.REMOVED):
            book.add_note(
                TakeDownNote(take_down_id=request.id, at=START, by="acc-1", state=state, note=f"ż {state}")
            )
        assert [note.note for note in book.notes(request.id)] == ["ż sent", "ż removed"]
        assert book.unfinished() == ()
