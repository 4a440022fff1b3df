"""The weekly sample on the review page: envelope first, words on the record, labels that teach, nobody who should not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.domain.account import SiteRole
from mailguard.domain.label import Label
from mailguard.domain.words import Event, Initiator, Kind, Nature
from tests.schooling import HEAD, STRANGER, TEACHER
from tests.web_site import WebSchool, letter, make_web_school


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def offer(
    school: WebSchool,
    words: str,
    *,
    number: int = 1,
    sender: str = STRANGER,
    to: str = TEACHER,
    reason: SampleReason = SampleReason.BLIND,
    closed_to: tuple[str, ...] = (),
) -> str:
    raw = letter(words, number=number, sender=sender, to=to, subject="Zither")
    sample = SampleRecord(
        id=f"{number:032x}",
        week="2026-W48",
        reason=reason,
        rank=number,
        blob_id=school.opened.blobs.put(raw),
        received_at=school.clock.now(),
        envelope={
            "from": sender,
            "to": [to],
            "attachments": 0,
            "certainty": 0.9,
            "size_bytes": len(raw),
            "closed_to": list(closed_to),
        },
    )
    with school.opened.store.transaction() as transaction:
        transaction.samples.offer(sample, keep=10)
    return sample.id


def events(school: WebSchool) -> list[tuple[str, str]]:
    with school.opened.store.reading() as transaction:
        found = [(each.tag, each.actor) for each in transaction.audit.events()]
    return [each for each in found if ":sample:" in each[0]]


def test_the_words_are_shown_only_when_asked_for_and_each_time_on_the_record(school: WebSchool):
    sample_id = offer(school, "xylophone lessons")
    head = school.client(SiteRole.HEAD)
    listed, one = head.get("/sample").text, head.get(f"/sample/{sample_id}").text
    assert STRANGER in listed
    for page in (listed, one):
        assert "xylophone" not in page
        assert "Zither" not in page
    assert head.get(f"/sample/{sample_id}/words").status_code == 303
    assert events(school) == []
    assert head.submit(f"/sample/{sample_id}/open").headers["location"] == f"/sample/{sample_id}/words"
    assert "xylophone lessons" in head.get(f"/sample/{sample_id}/words").text
    deputy = school.client(SiteRole.DEPUTY)
    assert "Zither" in deputy.get(f"/sample/{sample_id}/words").text
    assert events(school) == [("review:sample:opened", "acc-head"), ("review:sample:opened", "acc-deputy")]


def test_a_label_teaches_and_the_message_is_offered_no_more(school: WebSchool):
    sample_id = offer(school, "can u add me on snap miss")
    head = school.client(SiteRole.HEAD)
    answer = head.submit(
        f"/sample/{sample_id}",
        {"who": "child", "nature": [Nature.SOCIAL_INVITE.value, Nature.PERSONAL.value]},
    )
    assert answer.headers["location"] == "/sample"
    said = head.get("/sample").text
    assert "Report a concern" in said
    assert STRANGER not in said
    assert "It was said before" in head.get(f"/sample/{sample_id}").text
    with school.opened.store.reading() as transaction:
        (example,) = transaction.learning.examples()
    natures = frozenset({Nature.SOCIAL_INVITE, Nature.PERSONAL})
    assert example.label == Label(kind=Kind.DIRECT, initiator=Initiator.CHILD, natures=natures)
    assert example.by == "acc-head"


def test_an_ordinary_letter_teaches_that_nothing_grave_is_in_it(school: WebSchool):
    sample_id = offer(school, "the order is ready")
    school.client(SiteRole.DEPUTY).submit(f"/sample/{sample_id}", {"who": "adult"})
    with school.opened.store.reading() as transaction:
        (example,) = transaction.learning.examples()
    assert example.label.is_only_not_grave
    assert example.label.natures == frozenset()


def test_a_form_without_an_answer_changes_nothing_and_says_so(school: WebSchool):
    sample_id = offer(school, "the order is ready")
    answer = school.client(SiteRole.HEAD).submit(f"/sample/{sample_id}", {})
    assert answer.status_code == 400
    assert "Say who wrote it" in answer.text
    assert events(school) == []


def test_what_was_skipped_is_not_offered_again_and_teaches_nothing(school: WebSchool):
    sample_id = offer(school, "the order is ready")
    head = school.client(SiteRole.HEAD)
    head.submit(f"/sample/{sample_id}/skip")
    assert "Nothing to label" in head.get("/sample").text
    with school.opened.store.reading() as transaction:
        assert transaction.learning.examples() == ()


@pytest.mark.parametrize("role", [SiteRole.ADMIN, SiteRole.AUDITOR])
def test_others_do_not_see_the_sample(school: WebSchool, role: SiteRole):
    offer(school, "the order is ready")
    assert school.client(role).get("/sample").status_code == 403


def test_nobody_sees_a_sample_in_which_they_are_a_party(school: WebSchool):
    sample_id = offer(school, "about you", to=HEAD)
    head = school.client(SiteRole.HEAD)
    assert STRANGER not in head.get("/sample").text
    for path in ("", "/words"):
        assert head.get(f"/sample/{sample_id}{path}").status_code == 404
    assert head.submit(f"/sample/{sample_id}/open").status_code == 404
    assert STRANGER in school.client(SiteRole.DEPUTY).get("/sample").text


def test_hostile_words_are_shown_as_words(school: WebSchool):
    sample_id = offer(school, "<script>alert(1)</script> <img src=http://evil.example/x>")
    head = school.client(SiteRole.HEAD)
    head.submit(f"/sample/{sample_id}/open")
    page = head.get(f"/sample/{sample_id}/words").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=http" not in page


def test_what_was_not_understood_stands_in_a_part_of_its_own_and_is_read_like_a_sample(school: WebSchool):
    sample_id = offer(school, "xylophone lessons", reason=SampleReason.FOREIGN)
    offer(school, "the order is ready", number=2, sender="other@elsewhere.example")
    head = school.client(SiteRole.HEAD)
    page = head.get("/sample").text
    own, _, weekly = page.partition('id="weekly"')
    assert "The program did not understand these (1)" in own
    assert STRANGER in own
    assert "xylophone" not in page
    assert "other@elsewhere.example" in weekly
    head.submit(f"/sample/{sample_id}/open")
    assert "xylophone lessons" in head.get(f"/sample/{sample_id}/words").text
    assert events(school) == [("review:sample:opened", "acc-head")]


def test_what_names_the_head_is_the_deputy_s_to_read_and_what_names_both_the_chair_s(school: WebSchool):
    one = offer(school, "of the head", reason=SampleReason.FOREIGN, closed_to=("S1", "roles.head"))
    both = offer(
        school, "of both", number=2, reason=SampleReason.FOREIGN, closed_to=("roles.head", "roles.deputy")
    )
    weekly = offer(school, "of nobody", number=3)
    seen = {
        role: [school.client(role).get(f"/sample/{each}").status_code == 200 for each in (one, both, weekly)]
        for role in (SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.CHAIR)
    }
    assert seen == {
        SiteRole.HEAD: [False, False, True],
        SiteRole.DEPUTY: [True, False, True],
        SiteRole.CHAIR: [False, True, False],
    }


def test_a_label_can_be_seen_changed_and_taken_back_and_each_is_on_the_record(school: WebSchool):
    sample_id = offer(school, "can u add me on snap miss")
    head, deputy = school.client(SiteRole.HEAD), school.client(SiteRole.DEPUTY)
    head.submit(f"/sample/{sample_id}", {"who": "adult"})
    given = deputy.get("/sample/labels").text
    assert "Another adult wrote it. Nothing grave in it." in given
    assert "Alice Head" in given
    deputy.submit(f"/sample/{sample_id}", {"who": "service", "event": Event.FOLLOW.value})
    with school.opened.store.reading() as transaction:
        (example,) = transaction.learning.examples()
    assert example.label == Label(kind=Kind.NOTIFICATION, event=Event.FOLLOW, initiator=Initiator.NONE)
    assert example.by == "acc-deputy"
    head.submit(f"/sample/{sample_id}/withdraw")
    assert "No label teaches" in head.get("/sample/labels").text
    assert head.submit(f"/sample/{sample_id}", {"who": "adult"}).status_code == 404
    assert [tag for tag, _ in events(school)] == [
        "review:sample:labelled",
        "review:sample:relabelled",
        "review:sample:label-withdrawn",
    ]


def test_nobody_sees_or_takes_back_the_label_of_what_is_closed_to_them(school: WebSchool):
    sample_id = offer(school, "about you", to=HEAD)
    school.client(SiteRole.DEPUTY).submit(f"/sample/{sample_id}", {"who": "adult"})
    head = school.client(SiteRole.HEAD)
    assert "No label teaches" in head.get("/sample/labels").text
    assert head.submit(f"/sample/{sample_id}/withdraw").status_code == 404
