"""What a report says, to whom, and what goes along with it."""

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.ports import OutgoingMessage
from mailguard.app.ports_store import MessageRecord
from mailguard.app.report_attachment import enclosure_for
from mailguard.app.report_words import next_steps, what_happened
from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts
from mailguard.domain.words import Disposition, Level, Nature, Role, Verdict
from tests.effects_fixture import (
    CHAIR,
    CONTACTS,
    HEAD,
    LADO,
    MONDAY,
    RAW,
    Office,
    RememberingCourier,
    decided,
    facts_of,
    school_settings,
)

PICTURE = b"\x89PNG\r\n\x1a\n-a-picture-of-a-child-"
PICTURE_PART = Attachment(
    filename="me.png",
    declared_type="image/png",
    detected_type="image/png",
    family=AttachmentFamily.IMAGE,
    size_bytes=len(PICTURE),
    sha256="ab" * 32,
)


def with_picture(*, subtype: str = "png", maintype: str = "image") -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "harvey@inbox.test"
    message["To"] = "p.nair@school.test"
    message["Subject"] = "look"
    message.set_content("look miss\n")
    message.add_attachment(PICTURE, maintype=maintype, subtype=subtype, filename="me.png")
    return message.as_bytes()


def parsed(message: OutgoingMessage) -> EmailMessage:
    return email.message_from_bytes(message.raw, policy=email.policy.default)


def text_of(message: OutgoingMessage) -> str:
    body = parsed(message).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(message: OutgoingMessage) -> str:
    body = parsed(message).get_body(("html",))
    assert body is not None
    return str(body.get_content())


def sent(folder: Path, **options: Any) -> list[OutgoingMessage]:
    """Receive one message and perform what is due."""
    courier = RememberingCourier()
    office = Office(folder, courier, read=options.pop("read", None), settings=options.pop("settings", None))
    office.receive(**options)
    office.work()
    office.close()
    return courier.sent


def words_of(text: str) -> str:
    return " ".join(text.split())


def test_the_first_line_says_what_happened_and_that_it_is_held(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    first = words_of(text_of(report).split("\n\n")[0])
    assert first == (
        "A pupil wrote to a member of staff. The message is held; the member of staff has not seen it."
    )


def test_no_name_stands_in_the_subject(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    assert parsed(report)["Subject"] == (
        "[mailguard] Child contact MG-2026-0001, level 3: please acknowledge"
    )


def test_who_whom_when_why_and_what_next_are_said(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    text = words_of(text_of(report))
    for words in (
        "Harvey Doyle, pupil P0003, exact address or handle; from Harvey <harvey@inbox.test> (sender verified)",
        "Priya Nair <p.nair@school.test> (held)",
        "Mon 28 Sep 2026 10:00 (Europe/London)",
        "the sender is pupil P0003; the message is personal",
        'Row D2, policy 3.b2: "Any communication from children is immediately reported."',
        "Recorded as audit event 1.",
        "mailguard case acknowledge MG-2026-0001",
        "ring 999",
        "Testshire children's services: 01632 960000",
    ):
        assert words in text, words


def test_a_grave_report_says_so_first_and_whom_to_ring_before_all_else(tmp_path: Path) -> None:
    (report,) = sent(tmp_path, decision=decided(nature="disclosure", row="D1", level=Level.EMERGENCY))[:1]
    text = text_of(report)
    assert "It seems to tell of abuse" in words_of(text.split("\n\n")[0])
    assert text.index("ring 999") < text.index("Acknowledge\n")


def test_no_score_and_no_field_name_stands_in_a_report(tmp_path: Path) -> None:
    signals = (
        {"code": "pupil-address", "says": "header From is pupil P0003", "source": "lists/pupils.csv:4"},
        {"code": "nature-model", "says": 'personal 0.91 ("u awake", "miss")', "source": "model"},
        {"code": "nature-model", "says": "complaint 0.40", "source": "model"},
    )
    (report,) = sent(tmp_path, decision=decided(signals=signals))[:1]
    text = words_of(text_of(report))
    assert 'the sender is pupil P0003; the message is personal ("u awake", "miss")' in text
    for word in ("0.91", "0.40", "complaint", "header From"):
        assert word not in text


def test_a_report_on_outgoing_mail_names_the_writer_and_says_that_it_has_not_gone_out(tmp_path: Path) -> None:
    staff = {"id": "S010", "name": "Priya Nair", "list": "staff", "matched": "", "certainty": "exact"}
    pupil = {"id": "P0003", "name": "Harvey Doyle", "list": "pupils", "matched": "", "certainty": "exact"}
    decision = decided(
        verdict=Verdict.STAFF_INITIATED,
        row="O1",
        level=Level.EMERGENCY,
        nature="social_invite",
        direction="outbound",
        persons=(staff, pupil),
    )
    (report,) = sent(tmp_path, decision=decision, recipients=(("harvey@inbox.test", ""),))[:1]
    text = words_of(text_of(report))
    assert "The message is held; it has not gone out." in text
    assert "Who Priya Nair S010, from" in text
    assert "To Harvey Doyle, pupil P0003, exact address or handle; harvey@inbox.test (held)" in text
    assert "has not seen it" not in text


def test_what_is_verified_of_a_platform_is_its_mail_and_not_the_account(tmp_path: Path) -> None:
    platform = {"id": "facebook", "class": "social", "event": "friend_request"}
    settings = school_settings(platform_names={"facebook": "Facebook"})
    (report,) = sent(tmp_path, decision=decided(row="P7", platform=platform), settings=settings)[:1]
    text = words_of(text_of(report))
    assert "A pupil asked a member of staff to be friends on Facebook." in text
    assert "told by mail of Facebook (mail verified; nobody has verified who holds the account)" in text


def test_a_release_is_not_offered_when_nothing_is_held(tmp_path: Path) -> None:
    (report,) = sent(tmp_path, decision=decided(row="P3", disposition=Disposition.DELIVER))[:1]
    text = words_of(text_of(report))
    assert "nothing is held" in text
    assert "release" not in text


def test_the_heads_of_the_trail_in_report_and_store_agree(tmp_path: Path) -> None:
    courier = RememberingCourier()
    office = Office(tmp_path, courier)
    office.receive()
    with office.store.reading() as transaction:
        head = transaction.audit.head()
    office.work()
    assert head.hash in text_of(courier.sent[0])
    office.close()


def test_text_and_html_say_the_same(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    html = re.sub(r"<title>.*?</title>", "", html_of(report))
    plain = re.sub(r"<[^>]+>", " ", html)
    for old, new in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        plain = plain.replace(old, new)
    assert sorted(plain.split()) == sorted(text_of(report).split())


def test_nothing_in_the_html_is_fetched_or_acts(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    html = html_of(report)
    for word in ("http", "src=", "<a ", "<form", "<script", "url("):
        assert word not in html


def test_the_one_link_of_a_report_leads_to_its_case_and_the_lado_has_none(tmp_path: Path) -> None:
    settings = school_settings(review_url="https://review.hill.example/")
    (report,) = sent(tmp_path, settings=settings)[:1]
    links = re.findall(r"<a href=\"([^\"]*)\"", html_of(report))
    assert len(links) == 1
    assert re.fullmatch(r"https://review\.hill\.example/cases/MG-\d{4}-\d{4}", links[0])
    assert f"Open {links[0]} (sign-in; links never act)" in words_of(text_of(report))
    (told,) = sent(tmp_path / "lado", decision=decided(report_roles=(Role.LADO,)), settings=settings)
    assert "review.hill" not in html_of(told) + text_of(told)


def test_what_a_stranger_wrote_becomes_text_and_never_a_tag_or_a_line_of_ours(tmp_path: Path) -> None:
    persons = (
        {
            "id": "P1",
            "name": "<img src=x>\r\nacknowledge all\u202e",
            "list": "pupils",
            "matched": "",
            "certainty": "name",
        },
    )
    (report,) = sent(tmp_path, decision=decided(persons=persons))
    assert "<img" not in html_of(report)
    assert "\nacknowledge all" not in text_of(report)
    assert "\u202e" not in text_of(report)


def test_the_report_stops_automatic_answers_and_bounces(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    assert report.mail_from == ""
    assert parsed(report)["Auto-Submitted"] == "auto-generated"
    assert "List-Id" in parsed(report)


def test_the_head_gets_the_original_byte_for_byte(tmp_path: Path) -> None:
    (report,) = sent(tmp_path)
    (enclosed,) = parsed(report).iter_attachments()
    assert enclosed.get_filename() == "MG-2026-0001.eml"
    assert enclosed.get_content() == RAW


def test_the_chair_gets_the_facts_and_no_message(tmp_path: Path) -> None:
    (report,) = sent(tmp_path, decision=decided(report_roles=(Role.CHAIR,)))
    assert report.rcpt_to == CHAIR.address
    assert list(parsed(report).iter_attachments()) == []
    assert "u awake" not in text_of(report)


def test_the_lado_gets_facts_without_a_way_into_the_school(tmp_path: Path) -> None:
    settings = school_settings(review_url="https://mailguard.school.test")
    (report,) = sent(tmp_path, decision=decided(report_roles=(Role.LADO,)), settings=settings)
    assert report.rcpt_to == LADO.address
    assert list(parsed(report).iter_attachments()) == []
    for word in ("mailguard.school.test/", "case acknowledge", "u awake"):
        assert word not in text_of(report)


def test_the_review_page_is_named_when_there_is_one(tmp_path: Path) -> None:
    settings = school_settings(review_url="https://mailguard.school.test/")
    (report,) = sent(tmp_path, settings=settings)
    assert "https://mailguard.school.test/cases/MG-2026-0001" in text_of(report)


@pytest.mark.parametrize("initiator", ["child", "probable-child"])
def test_a_childs_picture_never_leaves_the_store(tmp_path: Path, initiator: str) -> None:
    raw = with_picture()
    (report,) = sent(
        tmp_path,
        decision=decided(initiator=initiator, nature="image", row="D1", level=Level.EMERGENCY),
        raw=raw,
        read=facts_of((PICTURE_PART,), own_text="look miss"),
    )
    (enclosed,) = parsed(report).iter_attachments()
    rendition = email.message_from_bytes(enclosed.get_content(), policy=email.policy.default)
    text = rendition.get_content()
    assert enclosed.get_filename() == "MG-2026-0001-text.eml"
    assert rendition["Subject"] == "look"
    assert "look miss" in text
    assert f"me.png  image/png  {len(PICTURE)} bytes  SHA-256 {'ab' * 32}" in text
    assert not _carries(report.raw, PICTURE)
    assert "sealed" in text_of(report)


def _carries(raw: bytes, wanted: bytes) -> bool:
    """Looks into every part, and into parts that are messages themselves."""
    for part in email.message_from_bytes(raw).walk():
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        if wanted in payload or (b"MIME-Version" in payload and _carries(payload, wanted)):
            return True
    return False


def test_the_search_for_pictures_in_reports_finds_one_that_is_there() -> None:
    outer = EmailMessage(policy=email.policy.SMTP)
    outer.set_content("x")
    outer.add_attachment(with_picture(), maintype="application", subtype="octet-stream", filename="a.eml")
    assert _carries(outer.as_bytes(), PICTURE)


def message_record(**changes: Any) -> MessageRecord:
    record = MessageRecord(
        id="m",
        case_id="MG-2026-0001",
        content_key="k",
        sha256="",
        size_bytes=0,
        blob_id="b",
        received_at=MONDAY,
        header_message_id="",
        subject="",
        sender="",
        mail_from="",
        decision=decided(),
    )
    return replace(record, **changes)


@pytest.mark.parametrize(
    "family",
    [
        AttachmentFamily.IMAGE,
        AttachmentFamily.VIDEO,
        AttachmentFamily.ARCHIVE,
        AttachmentFamily.ENCRYPTED,
        AttachmentFamily.OTHER,
        AttachmentFamily.MESSAGE,
        AttachmentFamily.EXECUTABLE,
    ],
)
def test_every_family_that_may_hide_a_picture_is_sealed(family: AttachmentFamily) -> None:
    part = replace(PICTURE_PART, family=family)
    enclosure, _ = enclosure_for(message_record(), RAW, facts_of((part,)))
    assert enclosure.filename.endswith("-text.eml")


@pytest.mark.parametrize(
    "raw",
    [
        with_picture(),
        b"Content-Type: text/html\r\n\r\n<img src='data:image/png;base64,AAAA'>\r\n",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"PGltZyBzcmM9ImRhdGE6aW1hZ2UvcG5nO2Jhc2U2NCxBQUFBIj4=\r\n",
        b"Subject: x\r\n\r\nlook\r\nbegin 644 me.jpg\r\n#0V%T\r\nend\r\n",
    ],
    ids=["a part", "data URI", "data URI in base64", "uuencode"],
)
def test_a_picture_that_the_reader_overlooked_is_still_sealed(raw: bytes) -> None:
    enclosure, _ = enclosure_for(message_record(), raw, facts_of())
    assert enclosure.filename.endswith("-text.eml")
    assert b"data:image" not in enclosure.content


def test_when_reading_fails_only_the_header_goes_along() -> None:
    def fails(raw: bytes) -> MessageFacts:
        raise RecursionError("too deep")

    enclosure, sentence = enclosure_for(message_record(), with_picture(), fails)
    assert enclosure.filename.endswith("-text.eml")
    assert PICTURE not in enclosure.content
    assert "look miss" not in enclosure.content.decode()
    assert "header" in sentence


def test_an_adults_picture_is_not_sealed() -> None:
    record = message_record(
        decision=decided(initiator="parent", verdict=Verdict.PARENT_CONTACT, nature="threat")
    )
    raw = with_picture()
    enclosure, _ = enclosure_for(record, raw, facts_of((PICTURE_PART,)))
    assert enclosure.content == raw


def test_a_report_goes_out_when_the_message_cannot_be_fetched(tmp_path: Path) -> None:
    courier = RememberingCourier()
    office = Office(tmp_path, courier)
    office.receive()
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    office.work()
    assert "could not be fetched" in text_of(courier.sent[0])
    office.close()


def test_a_message_that_kills_the_worker_again_and_again_is_reported_without_enclosure(
    tmp_path: Path,
) -> None:
    courier = RememberingCourier()
    office = Office(tmp_path, courier)
    office.receive()
    for _ in range(3):
        assert office.store.lease_due(owner="dead", lease_seconds=5) is not None
        office.clock.pass_time(seconds=6)
    office.work()
    assert list(parsed(courier.sent[0]).iter_attachments()) == []
    office.close()


@pytest.mark.parametrize("nature", [*(nature.value for nature in Nature), None])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_and_nature_has_a_report(verdict: Verdict, nature: str | None) -> None:
    for direction in ("inbound", "outbound", "internal"):
        for platform in (None, {"id": "instagram", "event": "follow"}, {"id": "x", "event": "nonsense"}):
            decision = replace(
                decided(verdict=verdict, nature=nature), direction=direction, platform=platform
            )
            assert what_happened(decision).endswith(".")
            assert next_steps(decision)


def test_an_unknown_sender_is_said_to_be_on_no_list(tmp_path: Path) -> None:
    (report,) = sent(tmp_path, decision=decided(persons=(), initiator="other", further={}))
    assert "Harvey <harvey@inbox.test>, on no list (sender verified)" in words_of(text_of(report))


def test_an_address_with_letters_outside_ascii_is_carried(tmp_path: Path) -> None:
    head = replace(HEAD, address="zoë@school.test", name="Zoë Żak")
    (report,) = sent(tmp_path, settings=school_settings(contacts={**CONTACTS, Role.HEAD: head}))
    assert report.rcpt_to == "zoë@school.test"
    assert "zoë@school.test" in report.raw.decode()
