"""A school day in some twenty messages, and what must become of each. All people are Harrow Lane's, so invented.

``row``, ``told`` and each copy's disposition are the expectation that ``mailguard demo --once`` holds the running system
to; config/demo/lists say who is who.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.demo import people_mail, service_mail
from mailguard.demo.cast import MAILBOXES
from mailguard.demo.letters import DemoMessage, Writer


def before_the_cut(writer: Writer) -> list[DemoMessage]:
    """What comes through the relay before the daemon is killed."""
    return [
        people_mail.pupil_hands_in_homework(writer),
        people_mail.pupil_wants_snapchat(writer),
        people_mail.child_on_mums_phone(writer),
        people_mail.roll_name_on_private_mail(writer),
        people_mail.parent_writes_routinely(writer),
        people_mail.parent_complains(writer),
        people_mail.allegation(writer),
        people_mail.pupil_writes_to_the_head(writer),
        people_mail.staff_invites_pupil(writer),
    ]


def after_the_cut(writer: Writer) -> list[DemoMessage]:
    """What comes through the relay when the daemon is back: platforms, machines, suppliers."""
    return [
        service_mail.instagram_follow(writer),
        service_mail.friend_request_to_forty(writer),
        service_mail.parent_on_facebook(writer),
        service_mail.classroom_comment(writer),
        service_mail.platform_marketing(writer),
        service_mail.security_code(writer),
        service_mail.bounce(writer),
        service_mail.supplier(writer),
    ]


def into_mailboxes(writer: Writer) -> list[DemoMessage]:
    """What is put into mailboxes by another way than the relay."""
    return [
        people_mail.pupil_in_mailbox(writer),
        people_mail.parent_in_mailbox(writer),
        service_mail.stranger_follows_in_mailbox(writer),
    ]


def all_messages(writer: Writer) -> list[DemoMessage]:
    """In the order in which the demo sends them."""
    return [
        *before_the_cut(writer),
        people_mail.the_disclosure(writer),
        *after_the_cut(writer),
        *into_mailboxes(writer),
    ]


def known_addresses(messages: Sequence[DemoMessage]) -> frozenset[str]:
    """Every address of the school that needs a mailbox."""
    named = {copy.rcpt_to for message in messages for copy in message.copies}
    return frozenset(MAILBOXES) | {address for address in named if address.endswith("@harrowlane.example")}
