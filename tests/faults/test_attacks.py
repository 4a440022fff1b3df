"""Attacks on the one promise that counts most: a listed child's message is never delivered unreported.

Each case is a way somebody found, or may find, to write as a child and not be seen as one. The whole inspection runs,
from bytes to a decision, without a model: the lists alone must do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.authentication_header import HeaderBlock
from mailguard.app.gate import Judged
from mailguard.app.inspect import Inspection, Inspector
from mailguard.app.ports import Clock, Receipt
from mailguard.domain.accused import find_accused
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope, MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Disposition, Initiator, Level, ReportWhen
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path
from tests.effects_fixture import Office, RememberingCourier, decided
from tests.schooling import (
    NOW,
    PARENT,
    PUPIL,
    PUPIL_AT_HOME,
    STRANGER,
    TEACHER,
    make_lists,
    make_school,
    shipped_policy,
)

WORDS = "Hi miss can you help me with my homework please"
Judge = Callable[..., Inspection]


class DarkModel:
    """No model: what holds without one holds with any, for it can only add."""

    model_id = ""

    def predict(self, facts: MessageFacts) -> Scores:
        return Scores()


class StoppedClock(Clock):
    def now(self) -> Any:
        return NOW


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    lists = make_lists(tmp_path_factory.mktemp("lists"))
    platforms = shipped_path("config/platforms.toml")
    inspector = Inspector(
        school=make_school(),
        policy=shipped_policy(),
        recognisers=Recognisers.from_toml(platforms.read_bytes(), str(platforms)),
        lists=lambda: lists,
        classifier=DarkModel,
        clock=StoppedClock(),
        trusted_authserv_ids=frozenset({"mx.hill.example"}),
    )

    def inspect(
        message: str | bytes, *, mail_from: str = STRANGER, to: tuple[str, ...] = (TEACHER,)
    ) -> Inspection:
        raw = message if isinstance(message, bytes) else message.replace("\n", "\r\n").encode()
        return inspector.inspect(raw, Envelope(mail_from, to))

    return inspect


def letter(sender: str, *, before: str = "", subject: str = "hello", to: str = TEACHER) -> str:
    return f"{before}{sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <a@elsewhere.example>\n\n{WORDS}\n"


def is_reported(inspection: Inspection) -> bool:
    headline = inspection.headline
    return headline.report is ReportWhen.NOW and headline.disposition is Disposition.HOLD


def local(address: str) -> str:
    return address.partition("@")[0]


def domain(address: str) -> str:
    return address.partition("@")[2]


SENDERS = {
    "upper case": f"FROM: {PUPIL_AT_HOME.upper()}",
    "second From": f"From: {STRANGER}\nFrom: {PUPIL_AT_HOME}",
    "one of a list": f"From: {STRANGER}, {PUPIL_AT_HOME}",
    "in a group": f"From: friends: {PUPIL_AT_HOME};",
    "encoded whole": f"From: =?utf-8?q?{PUPIL_AT_HOME.replace('@', '=40')}?=",
    "encoded in angles": f"From: Ella <=?utf-8?q?{PUPIL_AT_HOME.replace('@', '=40')}?=>",
    "quoted local part": f'From: "{local(PUPIL_AT_HOME)}"@{domain(PUPIL_AT_HOME)}',
    "escaped local part": f'From: "\\{local(PUPIL_AT_HOME)}"@{domain(PUPIL_AT_HOME)}',
    "comments": f"From: (a){local(PUPIL_AT_HOME)}(b)@(c){domain(PUPIL_AT_HOME)}(d)",
    "final dot": f"From: {PUPIL_AT_HOME}.",
    "space before the colon": f"From : {PUPIL_AT_HOME}",
    "folded": f"From:\n {local(PUPIL_AT_HOME)}\n @{domain(PUPIL_AT_HOME)}",
    "source route": f"From: <@a.example,@b.example:{PUPIL_AT_HOME}>",
    "plus tag": f"From: {local(PUPIL_AT_HOME)}+x@{domain(PUPIL_AT_HOME)}",
    "very long plus tag": f"From: <{local(PUPIL_AT_HOME)}+{'x' * 700}@{domain(PUPIL_AT_HOME)}>",
    "full-width domain": f"From: {local(PUPIL_AT_HOME)}@ｍail.example",
    "ideographic final dot": f"From: {PUPIL_AT_HOME}。",
    "invisible letters": f"From: ella\u200b.bee\u00ad@{domain(PUPIL_AT_HOME)}",
    "look-alike letters": f"From: еlla.bее@{domain(PUPIL_AT_HOME)}",
    "garbage above": f"garbage\nFrom: {PUPIL_AT_HOME}",
    "mbox line above": f"From x@y.example Tue Nov 24 09:30:00 2026\nFrom: {PUPIL_AT_HOME}",
    "unclosed angle": f"From: Ella <{PUPIL_AT_HOME}",
    "unclosed quote": f'From: "Ella <{PUPIL_AT_HOME}>',
    "unclosed comment": f"From: (Ella <{PUPIL_AT_HOME}>",
    "two angles": f"From: <{STRANGER}> <{PUPIL_AT_HOME}>",
    "mailto": f"From: <mailto:{PUPIL_AT_HOME}?subject=x>",
    "NUL": f"From: \x00{PUPIL_AT_HOME}",
    "Sender": f"From: {STRANGER}\nSender: {PUPIL_AT_HOME}",
    "Reply-To": f"From: {STRANGER}\nReply-To: {PUPIL_AT_HOME}",
    "Resent-From": f"From: {STRANGER}\nResent-From: {PUPIL_AT_HOME}",
    "subdomain of the pupils'": "From: anyone@x.pupils.hill.example",
    "behind two thousand recipients": "To: " + ",\n ".join(f"a{n}@out.example" for n in range(2_500)) + f"\nFrom: {PUPIL_AT_HOME}",
    "behind two thousand fields": "X-A: b\n" * 2_100 + f"From: {PUPIL_AT_HOME}",
    "behind a megabyte of header": ("X-A: " + "b" * 60_000 + "\n") * 20 + f"From: {PUPIL_AT_HOME}",
    "behind a name of 300 KB": f'From: "{"b" * 300_000}" <{PUPIL_AT_HOME}>',
}  # fmt: skip


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS.keys())
@pytest.mark.parametrize("mail_from", [STRANGER, PARENT])
def test_a_listed_child_in_a_sender_field_is_reported_however_it_is_written(
    judge: Judge, sender: str, mail_from: str
) -> None:
    assert is_reported(judge(letter(sender), mail_from=mail_from))


def test_a_field_behind_a_bare_carriage_return_is_read_as_the_next_hop_will_read_it(judge: Judge) -> None:
    raw = f"X-A: b\rFrom: {PUPIL_AT_HOME}\r\nTo: {TEACHER}\r\n\r\n{WORDS}\r\n".encode()
    assert is_reported(judge(raw))


@pytest.mark.parametrize(
    "recipient",
    [
        TEACHER.upper(),
        f"{local(TEACHER)}+{'x' * 700}@{domain(TEACHER)}",
        f"{local(TEACHER)}@sub.{domain(TEACHER)}",
        f"{TEACHER}.",
        f"{TEACHER}。",
        f'"{local(TEACHER)}"@{domain(TEACHER)}',
        f"{local(TEACHER)}@ｈill.example",
    ],
)
def test_a_representative_is_one_however_the_recipient_is_written(judge: Judge, recipient: str) -> None:
    inspection = judge(letter(f"From: {PUPIL}", to="x@out.example"), mail_from=PUPIL, to=(recipient,))
    assert is_reported(inspection)


def test_more_senders_than_can_be_read_make_a_message_unreadable_and_not_clear(judge: Judge) -> None:
    many = ",\n ".join(f"a{n}@out.example" for n in range(2_500))
    inspection = judge(letter(f"From: {many},\n {PUPIL}"))
    assert inspection.headline.disposition is Disposition.HOLD


FACEBOOK = "From: Facebook <{}@facebookmail.com>"
VERIFIED = "Authentication-Results: mx.hill.example; dmarc={} header.from=facebookmail.com\n"


@pytest.mark.parametrize("event", ["notification", "security"])
@pytest.mark.parametrize("result", ["pass", "fail", ""])
@pytest.mark.parametrize("address", [PUPIL, PUPIL_AT_HOME, "unlisted@pupils.hill.example"])
def test_a_child_in_the_envelope_is_a_child_under_a_platforms_name(
    judge: Judge, event: str, result: str, address: str
) -> None:
    message = letter(
        FACEBOOK.format(event),
        before=VERIFIED.format(result) if result else "",
        subject="123456 is your Facebook confirmation code",
    )
    inspection = judge(message, mail_from=address)
    assert is_reported(inspection)
    assert inspection.assessment.initiator is Initiator.CHILD


@pytest.mark.parametrize("event", ["notification", "security"])
@pytest.mark.parametrize("field", ["Reply-To", "Sender", "Resent-From"])
def test_an_unverified_platform_that_answers_to_a_child_is_the_child(
    judge: Judge, event: str, field: str
) -> None:
    message = letter(
        f"{FACEBOOK.format(event)}\n{field}: {PUPIL_AT_HOME}",
        before=VERIFIED.format("fail"),
        subject="123456 is your Facebook confirmation code",
    )
    assert is_reported(judge(message))


def test_the_same_recipient_named_twice_gets_one_outcome_each(judge: Judge) -> None:
    inspection = judge(letter(f"From: {PUPIL}"), mail_from=PUPIL, to=(TEACHER, TEACHER))
    receipt = Receipt(via="relay", received_at=NOW)
    judged = Judged(b"", inspection.envelope, receipt, inspection, Mode.ENFORCE)
    assert [outcome.address for outcome in judged.recipients] == [TEACHER, TEACHER]


@pytest.mark.parametrize(
    "words", ["dear ", "its ", "a@b.example ", "> hi\n", "(", '"', "http://a.example/ ", "Ella Sharma "]
)
@pytest.mark.parametrize("where", ["body", "From", "Subject"])
def test_a_megabyte_of_anything_is_judged_in_seconds(judge: Judge, words: str, where: str) -> None:
    size = 1_000_000 if where == "body" else 200_000
    long = (
        words.replace("\n", " ") * (size // len(words)) if where != "body" else words * (size // len(words))
    )
    started = time.perf_counter()
    match where:
        case "body":
            judge(letter(f"From: {PUPIL}") + long)
        case "From":
            judge(letter(f"From: {long} <{PUPIL}>"))
        case _:
            judge(letter(f"From: {PUPIL}", subject=long))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("filler", ["\n", " \n", "!\n", "(\n", "~ "])
@pytest.mark.parametrize("sender", [PARENT, PUPIL, STRANGER])
def test_lines_with_nothing_on_them_take_no_longer_than_others(
    judge: Judge, filler: str, sender: str
) -> None:
    started = time.perf_counter()
    inspection = judge(letter(f"From: {sender}") + filler * 50_000 + "x\n", mail_from=sender)
    find_accused(inspection.facts.own_text, lambda text: (), ())
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("hostile", ['\\"', '"\\"', "(", "\\(", "<@", "@", '"a\\'])
def test_no_header_from_holds_up_the_relay_before_the_queue(hostile: str) -> None:
    """The domains of From are read in the event loop: what takes long there stands in everybody's way."""
    long = hostile * (200_000 // len(hostile))
    raw = f'From: "({long} <a@hill.example>\r\nFrom: ({long}\r\nFrom: a@mail.example\r\n\r\n'.encode()
    started = time.perf_counter()
    assert "mail.example" in HeaderBlock.read(raw).from_domains()
    assert time.perf_counter() - started < 2


def test_the_same_bytes_in_a_graver_envelope_are_reported(tmp_path: Path) -> None:
    """As an after-queue filter sees one letter: a transaction for each recipient, the harmless one first."""
    courier = RememberingCourier()
    office = Office(tmp_path, courier)
    harmless = decided(row="O5", level=Level.DIGEST, report_when=ReportWhen.DIGEST)
    first = office.receive(harmless, recipients=(("someone@elsewhere.example", ""),))
    office.work()
    assert courier.sent == []
    second = office.receive(decided(), recipients=(("ella.bee@mail.example", ""),))
    office.work()
    assert second.case_id == first.case_id
    assert len(courier.sent) == 1
    office.close()
