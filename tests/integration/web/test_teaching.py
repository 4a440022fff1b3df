"""A decision teaches in the same step: by one tap what the case says, by a few more what is true."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.label import Label
from mailguard.domain.words import Event, Initiator, Kind, Nature
from tests.schooling import PARENT, TEACHER
from tests.web_site import SiteClient, WebSchool, letter, make_web_school

ALLEGATION = (
    "I want to complain about Mr Brown. He grabbed my daughter by the arm and pushed her against the wall, "
    "and he told her that she would be sorry if she told anybody."
)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def example(school: WebSchool) -> Label:
    with school.opened.store.reading() as transaction:
        (found,) = transaction.learning.examples()
    return found.label


def count(school: WebSchool) -> int:
    with school.opened.store.reading() as transaction:
        return transaction.learning.counts().in_use


def tags(school: WebSchool, case_id: str) -> list[str]:
    with school.opened.store.reading() as transaction:
        return [each.tag for each in transaction.audit.events() if each.case_id == case_id]


def ticked(page: str) -> list[str]:
    """What a browser would send with the page's form if the person touched nothing of it."""
    return [
        part.partition('"')[0]
        for part in page.split('name="nature" value="')[1:]
        if " checked" in part.partition(">")[0]
    ]


def decide(client: SiteClient, case_id: str, how: str, **more: object) -> object:
    fields = {"why": "Read; no further step is needed", "teaching": "asked", **more}
    return client.submit(f"/cases/{case_id}/decide/{how}", fields)


def test_confirming_an_allegation_teaches_that_it_is_one_and_that_a_parent_wrote_it(school: WebSchool):
    case_id = school.receive(letter(ALLEGATION, sender=PARENT), mail_from=PARENT)
    head = school.client(SiteRole.HEAD)
    page = head.get(f"/cases/{case_id}/decide/confirm").text
    assert "A concern, an allegation or a threat <strong>(suggested)</strong>" in page
    assert "<details" not in page.partition("What was it?")[2]
    natures = ticked(page)
    assert Nature.ALLEGATION.value in natures
    decide(head, case_id, "confirm", label="third-party-concern", nature=natures)
    label = example(school)
    assert label.kind is Kind.DIRECT
    assert label.initiator is Initiator.PARENT
    assert label.natures == frozenset(map(Nature, natures))
    assert "It accuses somebody of the school" in head.get(f"/cases/{case_id}").text


def test_a_decision_without_a_word_about_it_teaches_nothing(school: WebSchool):
    case_id = school.receive_from_pupil()
    head = school.client(SiteRole.HEAD)
    decide(
        head, case_id, "confirm", label="", nature=ticked(head.get(f"/cases/{case_id}/decide/confirm").text)
    )
    assert "contact confirmed" in head.get(f"/cases/{case_id}").text.lower()
    assert count(school) == 0


def test_what_was_ticked_otherwise_and_not_said_is_asked_for(school: WebSchool):
    case_id = school.receive_from_pupil()
    head = school.client(SiteRole.HEAD)
    answer = decide(head, case_id, "confirm", label="", nature=["threat"])
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "Choose what the message was, too" in answer.text  # type: ignore[attr-defined]
    assert ticked(answer.text) == ["threat"]  # type: ignore[attr-defined]
    answer = decide(head, case_id, "confirm", label="clear", nature=["threat"])
    assert "does not go with what is ticked" in answer.text.replace("&#39;", "'")  # type: ignore[attr-defined]
    assert count(school) == 0


def test_a_false_alarm_teaches_that_it_was_nothing_by_one_tap(school: WebSchool):
    case_id = school.receive_from_pupil()
    head = school.client(SiteRole.HEAD)
    page = head.get(f"/cases/{case_id}/decide/dismiss").text
    assert ticked(page) == []
    decide(head, case_id, "dismiss", label="clear")
    assert example(school) == Label(natures=frozenset(), is_only_not_grave=True)


def test_a_notification_s_event_is_said_with_the_decision(school: WebSchool):
    raw = (
        f"From: Instagram <no-reply@mail.instagram.com>\r\nTo: {TEACHER}\r\nSubject: ella.bee started following you\r\n"
        "Message-ID: <f1@mail.instagram.com>\r\n\r\nella.bee started following you.\r\n"
    ).encode()
    case_id = school.receive(raw, mail_from="no-reply@mail.instagram.com")
    head = school.client(SiteRole.HEAD)
    page = head.get(f"/cases/{case_id}/decide/confirm").text
    assert '<option value="follow" selected>' in page
    assert 'name="nature"' not in page
    decide(head, case_id, "confirm", label="platform-notification", event="friend_request")
    assert example(school) == Label(kind=Kind.NOTIFICATION, event=Event.FRIEND_REQUEST)


def test_forty_copies_are_one_label(school: WebSchool):
    words = "hi everyone are you all around tonight please answer"
    cases = {
        school.receive(
            letter(words, number=number, to=f"t{number}@hill.example"), rcpt_tos=(f"t{number}@hill.example",)
        )
        for number in range(40)
    }
    (case_id,) = cases
    head = school.client(SiteRole.HEAD)
    decide(head, case_id, "confirm", label="child-contact", nature=["personal"])
    assert count(school) == 1
    head.submit(f"/cases/{case_id}/teach", {"label": "child-contact", "nature": ["threat"]})
    assert count(school) == 1
    assert example(school).natures == frozenset({Nature.THREAT})


def test_a_label_of_a_case_is_seen_changed_and_taken_back(school: WebSchool):
    case_id = school.receive_from_pupil()
    head = school.client(SiteRole.HEAD)
    decide(head, case_id, "confirm", label="child-contact", nature=["personal"])
    assert "A child wrote it. It is private: not about school." in head.get("/sample/labels").text
    page = head.get(f"/cases/{case_id}").text
    assert "A child wrote it. It is private" in page
    assert ticked(page) == ["personal"]
    head.submit(f"/cases/{case_id}/teach", {"label": "parent-contact"})
    assert example(school).initiator is Initiator.PARENT
    head.submit(f"/cases/{case_id}/unteach")
    assert count(school) == 0
    assert "Teach the model" in head.get(f"/cases/{case_id}").text
    changes = [each for each in tags(school, case_id) if "label" in each]
    assert changes == ["review:case:labelled", "review:case:label-withdrawn"]


def test_an_undone_decision_takes_its_label_along(school: WebSchool):
    case_id = school.receive_from_pupil()
    head = school.client(SiteRole.HEAD)
    decide(head, case_id, "confirm", label="child-contact", nature=["personal"])
    head.submit(f"/cases/{case_id}/undo")
    assert count(school) == 0
