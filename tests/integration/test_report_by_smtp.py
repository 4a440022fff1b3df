"""From T1 to a report in the next hop, and T2."""

import email
import email.message
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings, HostPort
from mailguard.app.mark import body_sha256, is_valid_for
from mailguard.domain.case import EffectKind, EffectState
from mailguard.reading.message import read
from tests.effects_fixture import RAW, Office
from tests.servers import CollectingNextHop
from tests.servers.process import HOST


@pytest.fixture
def office(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Office]:
    courier = SmtpCourier(CourierSettings(server=HostPort(HOST, next_hop.port)))
    office = Office(tmp_path, courier, clock=SystemClock())
    yield office
    office.close()


def test_a_child_contact_is_reported_to_the_head_over_smtp_and_then_marked_done(
    office: Office, next_hop: CollectingNextHop
) -> None:
    case_id = office.receive().case_id
    office.work()
    delivery = next_hop.only_delivery()
    assert delivery.recipients == ("head@school.test",)
    assert delivery.mail_from == ""
    message = email.message_from_bytes(delivery.raw, policy=email.policy.default)
    assert message["Subject"] == f"[mailguard] Child contact {case_id}, level 3: please acknowledge"
    assert message["Auto-Submitted"] == "auto-generated"
    (report,) = office.effects(EffectKind.REPORT)
    assert report.state is EffectState.DONE
    assert message["Message-ID"] == report.header_message_id
    enclosed = next(message.iter_attachments())
    assert enclosed.get_content_type() == "application/octet-stream"
    assert enclosed.get_content() == RAW
    assert "effects:report:sent" in office.tags(case_id)


def test_a_report_carries_a_mark_that_our_own_mailbox_scan_honours(
    office: Office, next_hop: CollectingNextHop
) -> None:
    office.receive()
    office.work()
    raw = next_hop.only_delivery().raw
    value = email.message_from_bytes(raw)["X-Mailguard"]
    assert is_valid_for(
        value,
        key=b"k" * 32,
        body_digest=body_sha256(raw),
        recipients=["head@school.test"],
        now=office.clock.now(),
    )


def test_a_released_message_arrives_byte_for_byte_below_the_mark(
    office: Office, next_hop: CollectingNextHop
) -> None:
    case_id = office.receive().case_id
    office.casebook.release(case_id, by="S001")
    office.work()
    (released,) = [each for each in next_hop.deliveries if each.recipients == ("p.nair@school.test",)]
    assert released.mail_from == ""
    assert released.raw.startswith(b"X-Mailguard: v1 ")
    assert released.raw.endswith(RAW)
    assert "effects:message:released" in office.tags(case_id)


def test_a_childs_picture_stays_in_the_store_when_the_real_reader_looks(
    tmp_path: Path, next_hop: CollectingNextHop
) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "harvey@inbox.test", "p.nair@school.test", "look"
    message.set_content("look miss\n")
    message.add_attachment(picture, maintype="application", subtype="octet-stream", filename="homework.bin")
    courier = SmtpCourier(CourierSettings(server=HostPort(HOST, next_hop.port)))
    office = Office(tmp_path, courier, clock=SystemClock(), read=read)
    office.receive(raw=message.as_bytes())
    office.work()
    report = email.message_from_bytes(next_hop.only_delivery().raw, policy=email.policy.default)
    (enclosed,) = report.iter_attachments()
    rendition = email.message_from_bytes(enclosed.get_content(), policy=email.policy.default)
    assert "look miss" in rendition.get_content()
    assert "homework.bin" in rendition.get_content()
    assert list(rendition.walk()) == [rendition]
    office.close()
