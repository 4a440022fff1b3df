"""A case's page: reading it, deciding it with a preview, taking it back; what is on the record; whom it is closed to."""

import base64
import re
from collections.abc import Iterator

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseState, EffectKind, EffectState, RecipientState
from mailguard.web.csrf import FIELD
from tests.schooling import HEAD, PUPIL, SECOND_TEACHER, TEACHER
from tests.web_site import SiteClient, WebSchool, letter, make_web_school

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("case")) as made:
        yield made


@pytest.fixture
def head(school: WebSchool) -> SiteClient:
    return school.client(SiteRole.HEAD)


def received(
    school: WebSchool, words: str = "hi sir what are you doing tonight", *, to: str = TEACHER
) -> str:
    school.received += 1
    raw = letter(f"{words} {school.received}", number=school.received, to=to)
    return school.receive(raw, rcpt_tos=(to,))


def picture_letter(number: int) -> bytes:
    encoded = base64.encodebytes(PICTURE).decode().replace("\n", "\r\n")
    lines = [
        f"From: {PUPIL}",
        f"To: {TEACHER}",
        "Subject: look",
        f"Message-ID: <picture-{number}@pupils.hill.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="m"',
        "",
        "--m",
        "Content-Type: text/plain",
        "",
        "what do you think of this one",
        "--m",
        'Content-Type: image/png; name="me.png"',
        'Content-Disposition: attachment; filename="me.png"',
        "Content-Transfer-Encoding: base64",
        "",
        encoded,
        "--m--",
        "",
    ]
    return "\r\n".join(lines).encode()


def events(school: WebSchool, case_id: str):
    with school.opened.store.reading() as transaction:
        return list(transaction.audit.events(case_id=case_id))


def stored(school: WebSchool, case_id: str):
    with school.opened.store.reading() as transaction:
        return transaction.cases.find(case_id), transaction.cases.recipients(case_id)


def decision_form(client: SiteClient, case_id: str, decision: str) -> dict[str, object]:
    """What the preview's form would send back, with its first reason."""
    page = client.get(f"/cases/{case_id}/decide/{decision}").text
    as_of = re.search(r'name="as_of" value="([^"]+)"', page)
    why = re.search(r'name="why" value="([^"]+)"', page)
    assert as_of is not None
    assert why is not None
    return {
        "as_of": as_of.group(1),
        "why": why.group(1),
        "give": re.findall(r'name="give" value="([^"]+)"', page),
    }


def test_a_case_reads_like_a_page_of_a_case_file_and_the_view_is_on_the_record(
    school: WebSchool, head: SiteClient
):
    case_id = received(school)
    page = head.get(f"/cases/{case_id}").text
    for words in (
        "A pupil wrote to a member of staff.",
        "The message is held; the member of staff has not seen it.",
        "Ella Sharma, pupil P1",
        "lists/pupils.csv:2",
        "immediately reported to the Head Teacher",
        "hi sir what are you doing tonight",
        "Tom Brown",
        "Acknowledge: I have it",
        "Case opened: child contact, level 3",
    ):
        assert words in page, words
    last = events(school, case_id)[-1]
    assert (last.tag, last.actor) == (AuditTag.CASE_VIEWED, "acc-head")
    assert last.detail == {"view": "page", "role": "head"}


def test_nothing_of_the_message_stands_in_the_trail(school: WebSchool, head: SiteClient):
    case_id = received(school, "a very particular sentence")
    head.get(f"/cases/{case_id}")
    head.submit(f"/cases/{case_id}/acknowledge")
    form = decision_form(head, case_id, "confirm")
    head.submit(
        f"/cases/{case_id}/decide/confirm", {**form, "why": "other", "reason": "words of my own about Ella"}
    )
    told = str([(event.tag, event.actor, event.detail) for event in events(school, case_id)])
    for word in ("particular", "Ella", "Sharma", PUPIL, TEACHER):
        assert word not in told


def test_acknowledging_stops_the_escalation_and_the_second_is_told_who_was_first(
    school: WebSchool, head: SiteClient
):
    case_id = received(school)
    assert head.submit(f"/cases/{case_id}/acknowledge").status_code == 303
    page = head.get(f"/cases/{case_id}").text
    assert "Acknowledged by <strong>Alice Head</strong>" in page
    deputy = school.client(SiteRole.DEPUTY)
    deputy.submit(f"/cases/{case_id}/acknowledge")
    assert "Somebody had acknowledged this case before" in deputy.get(f"/cases/{case_id}").text


def test_confirming_keeps_it_held_with_the_reason_and_can_be_taken_back(school: WebSchool, head: SiteClient):
    case_id = received(school)
    preview = head.get(f"/cases/{case_id}/decide/confirm").text
    assert "does not get it: it stays held" in preview
    assert stored(school, case_id)[0].state is CaseState.NEW
    form = decision_form(head, case_id, "confirm")
    assert head.submit(f"/cases/{case_id}/decide/confirm", form).status_code == 303
    case, (recipient,) = stored(school, case_id)
    assert (case.state, case.decided_by, recipient.state) == (
        CaseState.DECIDED,
        "acc-head",
        RecipientState.HELD,
    )
    page = head.get(f"/cases/{case_id}").text
    assert "Read; the safeguarding procedure has begun" in page
    assert "Take it back" in page
    head.submit(f"/cases/{case_id}/undo")
    assert stored(school, case_id)[0].state is CaseState.ACKNOWLEDGED
    assert "Decision taken back" in head.get(f"/cases/{case_id}").text


def test_a_release_leaves_after_the_time_for_an_undo(school: WebSchool, head: SiteClient):
    case_id = received(school)
    preview = head.get(f"/cases/{case_id}/decide/release").text
    assert "gets the message, unchanged" in preview
    assert "It leaves 30 seconds after you decide" in preview
    assert "A child wrote to Tom Brown in person" in preview
    form = decision_form(head, case_id, "release")
    head.submit(f"/cases/{case_id}/decide/release", form)
    with school.opened.store.reading() as transaction:
        (effect,) = transaction.effects.matching(case_id=case_id, kinds={EffectKind.RELEASE})
        assert (effect.due_at - transaction.now).total_seconds() == 30
    assert "the message leaves 30 seconds from now" in head.get(f"/cases/{case_id}").text
    head.submit(f"/cases/{case_id}/undo")
    with school.opened.store.reading() as transaction:
        (effect,) = transaction.effects.matching(case_id=case_id, kinds={EffectKind.RELEASE})
    assert effect.state is EffectState.CANCELLED
    assert stored(school, case_id)[1][0].state is RecipientState.HELD


def test_after_the_time_a_release_cannot_be_taken_back(school: WebSchool, head: SiteClient):
    case_id = received(school)
    head.submit(f"/cases/{case_id}/decide/release", decision_form(head, case_id, "release"))
    school.clock.turn(seconds=31)
    head.submit(f"/cases/{case_id}/undo")
    assert "It was too late" in head.get(f"/cases/{case_id}").text
    assert stored(school, case_id)[0].state is CaseState.DECIDED


def test_only_those_whom_the_preview_named_get_it(school: WebSchool, head: SiteClient):
    case_id = received(school, "the same words to two of you")
    form = decision_form(head, case_id, "dismiss")
    school.clock.turn(seconds=1)
    same = letter(f"the same words to two of you {school.received}", number=school.received)
    assert school.receive(same, rcpt_tos=(SECOND_TEACHER,)) == case_id
    answer = head.submit(f"/cases/{case_id}/decide/dismiss", form)
    assert answer.status_code == 303
    assert "The case has changed since you looked" in head.get(f"/cases/{case_id}").text
    assert {each.state for each in stored(school, case_id)[1]} == {RecipientState.HELD}


def test_of_two_who_decide_at_once_the_second_sees_who_decided(school: WebSchool, head: SiteClient):
    case_id = received(school)
    deputy = school.client(SiteRole.DEPUTY)
    theirs = decision_form(deputy, case_id, "dismiss")
    head.submit(f"/cases/{case_id}/decide/confirm", decision_form(head, case_id, "confirm"))
    deputy.submit(f"/cases/{case_id}/decide/dismiss", theirs)
    page = deputy.get(f"/cases/{case_id}").text
    assert "Somebody else decided this case before: contact confirmed" in page
    assert "<dd>Alice Head</dd>" in page
    assert stored(school, case_id)[1][0].state is RecipientState.HELD


@pytest.mark.parametrize("change", [{"why": ""}, {"why": "other", "reason": " "}])
def test_a_decision_without_a_reason_is_not_made(school: WebSchool, head: SiteClient, change: dict[str, str]):
    case_id = received(school)
    form = {**decision_form(head, case_id, "release"), **change}
    answer = head.submit(f"/cases/{case_id}/decide/release", form)
    assert answer.status_code == 422
    assert stored(school, case_id)[0].state is CaseState.NEW


def test_a_form_without_its_token_changes_nothing(school: WebSchool, head: SiteClient):
    case_id = received(school)
    form = decision_form(head, case_id, "release")
    assert head.post(f"/cases/{case_id}/decide/release", data=form).status_code == 403
    assert head.post(f"/cases/{case_id}/acknowledge", data={FIELD: "0" * 64}).status_code == 403
    assert stored(school, case_id)[0].state is CaseState.NEW


def test_an_allegation_has_outcome_words_and_warns_before_the_accused_reads_it(
    school: WebSchool, head: SiteClient
):
    words = (
        "I want to make a formal complaint. Mr Brown, Tom Brown, has been sending my daughter private messages "
        "at night and touched her arm and leg after the lesson. He told her to keep it secret."
    )
    raw = letter(words, number=900, sender="someone@elsewhere.example", subject="Tom Brown")
    case_id = school.receive(raw, mail_from="someone@elsewhere.example")
    page = head.get(f"/cases/{case_id}/decide/dismiss").text
    assert "Unfounded: nothing supports it" in page
    assert "This case is about Tom Brown" in page
    form = {**decision_form(head, case_id, "dismiss"), "outcome": "unfounded", "give": []}
    head.submit(f"/cases/{case_id}/decide/dismiss", form)
    case, recipients = stored(school, case_id)
    assert (case.outcome, recipients[0].state) == ("unfounded", RecipientState.HELD)


def test_whatever_lets_a_childs_message_go_warns_of_it_before(school: WebSchool, head: SiteClient):
    case_id = school.receive(picture_letter(4))
    for decision in ("release", "dismiss"):
        page = head.get(f"/cases/{case_id}/decide/{decision}").text
        assert "has the message and can answer it" in page
        assert "If one may be an indecent image of a child, sending it on is an offence" in page
    assert "is an offence" not in head.get(f"/cases/{case_id}/decide/confirm").text
    assert "is an offence" not in head.get(f"/cases/{received(school)}/decide/release").text


def test_a_decided_case_leads_on_to_the_next_that_waits(school: WebSchool, head: SiteClient):
    case_id, waiting = received(school), received(school)
    assert "Next case that waits" not in head.get(f"/cases/{case_id}").text
    head.submit(f"/cases/{case_id}/decide/confirm", decision_form(head, case_id, "confirm"))
    page = head.get(f"/cases/{case_id}").text
    onward = re.search(r'href="/cases/([^"/]+)">Next case that waits', page)
    assert onward is not None
    assert stored(school, waiting)[0].state is CaseState.NEW
    assert onward[1] != case_id


def test_copies_of_one_text_are_folded_behind_the_first(school: WebSchool, head: SiteClient):
    """One notification sent to forty people is one case, and its decision stands below one text, not below forty."""
    case_ids = {
        school.receive(letter("a letter to several", number=9000, to=to), rcpt_tos=(to,))
        for to in (TEACHER, SECOND_TEACHER)
    }
    assert len(case_ids) == 1
    page = head.get(f"/cases/{case_ids.pop()}").text
    assert page.count("<summary>Message 2 of 2: the same words, to ") == 1
    assert page.index("a letter to several") < page.index(": the same words")


def test_the_case_about_the_head_does_not_exist_for_the_head(school: WebSchool, head: SiteClient):
    case_id = received(school, "hello miss can we meet at the park, dont tell anybody", to=HEAD)
    before = len(events(school, case_id))
    missing = head.get("/cases/MG-2026-9999")
    for path in ("", "/decide/confirm", "/messages/x/formatted"):
        answer = head.get(f"/cases/{case_id}{path}")
        assert answer.status_code == 404
    assert head.get(f"/cases/{case_id}").text == missing.text
    for path in ("acknowledge", "decide/dismiss", "undo", "teach"):
        assert head.submit(f"/cases/{case_id}/{path}", {"why": "x", "label": "clear"}).status_code == 404
    assert len(events(school, case_id)) == before
    assert school.client(SiteRole.DEPUTY).get(f"/cases/{case_id}").status_code == 200
    assert school.client(SiteRole.CHAIR).get(f"/cases/{case_id}").status_code == 200


def test_it_does_not_stand_among_the_other_cases_of_the_same_child(school: WebSchool, head: SiteClient):
    about_head = received(school, "hello miss, it is me again and i want to tell you something", to=HEAD)
    mine = received(school)
    assert about_head not in head.get(f"/cases/{mine}").text
    assert about_head in school.client(SiteRole.DEPUTY).get(f"/cases/{mine}").text


@pytest.mark.parametrize("role", [SiteRole.ADMIN, SiteRole.AUDITOR])
def test_admin_and_auditor_read_no_case(school: WebSchool, role: SiteRole):
    case_id = received(school)
    client = school.client(role)
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/decide/confirm"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "Ella" not in answer.text
    assert client.submit(f"/cases/{case_id}/acknowledge").status_code == 403


def test_a_picture_is_listed_by_name_type_size_and_hash_and_stays_sealed(school: WebSchool, head: SiteClient):
    case_id = school.receive(picture_letter(1))
    page = head.get(f"/cases/{case_id}").text
    assert "me.png" in page
    assert "picture, image/png, 1.0 KB" in page
    assert "sealed" in page
    assert "<img" not in page.partition("<main")[2]
    link = re.search(r'href="(/cases/[^"]+/files/[0-9a-f]{64})"', page)
    assert link is not None
    form = head.get(link.group(1))
    assert "If this may be an indecent image of a child, do not open it" in form.text
    assert "give the file the ending <code>.png</code> in place of <code>.bin</code>" in form.text
    refused = head.submit(link.group(1), {"reason": "no"})
    assert refused.status_code == 422
    assert AuditTag.PART_OPENED not in {event.tag for event in events(school, case_id)}
    opened = head.submit(link.group(1), {"reason": "asked for by the police, PC 1234"})
    assert opened.content == PICTURE
    assert opened.headers["content-type"] == "application/octet-stream"
    assert opened.headers["content-disposition"].startswith("attachment;")
    last = events(school, case_id)[-1]
    assert (last.tag, last.actor, last.detail["is_sealed"]) == (AuditTag.PART_OPENED, "acc-head", True)


def test_a_sealed_file_asks_again_who_is_there(school: WebSchool):
    case_id = school.receive(picture_letter(2))
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    head = school.client(SiteRole.HEAD)
    school.clock.turn(minutes=11)
    path = f"/cases/{case_id}/messages/{message.id}/files/{'0' * 64}"
    assert head.get(path).headers["location"].startswith("/confirm")
    assert head.submit(path, {"reason": "because of this"}).headers["location"].startswith("/confirm")
    fresh = school.client(SiteRole.HEAD)
    assert fresh.get(path).status_code == 404


def test_a_file_of_another_case_cannot_be_taken_through_this_one(school: WebSchool, head: SiteClient):
    mine, other = received(school), school.receive(picture_letter(3))
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(other)
    assert head.get(f"/cases/{mine}/messages/{message.id}/formatted").status_code == 404


def test_what_it_was_can_be_noted_for_the_model_after_the_decision_and_not_before(
    school: WebSchool, head: SiteClient
):
    case_id = received(school)
    head.submit(f"/cases/{case_id}/teach", {"label": "parent-contact"})
    form = decision_form(head, case_id, "confirm")
    head.submit(f"/cases/{case_id}/decide/confirm", form)
    head.submit(f"/cases/{case_id}/teach", {"label": "rubbish"})
    head.submit(f"/cases/{case_id}/teach", {"label": "child-contact"})
    with school.opened.store.reading() as transaction:
        (review,) = transaction.cases.reviews(case_id)
    assert review.label == "child-contact"
    assert (
        "The model may learn from it: “A child wrote it. Nothing grave in it.”"
        in head.get(f"/cases/{case_id}").text
    )


def test_the_sender_can_be_taken_to_a_lists_form_with_the_address_in_it(school: WebSchool, head: SiteClient):
    case_id = received(school)
    head.submit(f"/cases/{case_id}/decide/confirm", decision_form(head, case_id, "confirm"))
    page = head.get(f"/cases/{case_id}").text
    link = re.search(r'href="(/lists/parents/[^"]+)"', page)
    assert link is not None
    assert f'value="{PUPIL}"' in head.get(link.group(1).replace("&amp;", "&")).text


def test_a_message_whose_bytes_were_destroyed_says_so(school: WebSchool, head: SiteClient):
    case_id = received(school)
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    school.opened.store.drop_blob_key(message.blob_id)
    answer = head.get(f"/cases/{case_id}")
    assert answer.status_code == 200
    assert "its bytes were destroyed" in answer.text
    assert head.get(f"/cases/{case_id}/messages/{message.id}/formatted").status_code == 404
