"""What an envelope was, as far as a message in a mailbox still tells; and whether we let it through before.

Source: DECISIONS.md "Asking" (Return-Path, else Sender, else From). SECURITY: all of it is the sender's word
but the mark, which only we can make.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from mailguard.adapters.authentication_header import HeaderBlock
from mailguard.adapters.imap_settings import ImapAccount
from mailguard.app import mark
from mailguard.app.newlines import to_crlf
from mailguard.domain.message import Envelope
from mailguard.reading.content_key import content_sha256
from mailguard.reading.mailboxes import bare_address, read_mailboxes

_LARGEST_HEADER_BYTES = 1_048_576
_MOST_ADDRESSES = 1_000
_MOST_MARKS = 100
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def header_of(raw: bytes) -> HeaderBlock:
    """The fields at the top. Total."""
    found = _HEADER_END.search(raw, 0, _LARGEST_HEADER_BYTES)
    return HeaderBlock.read(to_crlf(raw[: found.end() if found else _LARGEST_HEADER_BYTES]))


def envelope_of(header: HeaderBlock, account: ImapAccount, *, is_sent_folder: bool) -> Envelope:
    """In a Sent folder the mailbox's owner is the sender, and everyone the header names a recipient."""
    if is_sent_folder:
        named = _addresses(header, "to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
        return Envelope(
            mail_from=account.address,
            rcpt_tos=named or (account.address,),
            received_via="mailbox",
            mailbox_address=account.address,
            is_sent_folder=True,
        )
    return Envelope(
        mail_from=_mail_from(header),
        rcpt_tos=(account.address,),
        received_via="mailbox",
        mailbox_address=account.address,
    )


def has_own_mark(
    header: HeaderBlock, raw: bytes, account: ImapAccount, *, key: bytes, arrived_at: datetime
) -> bool:
    """True when the relay judged this very body for this mailbox, or a person released it to it.

    ``arrived_at`` is what the expiry is held against: a pass over old mail must not hold again what a person
    has released long ago.
    """
    values = header.values("x-mailguard")[:_MOST_MARKS]
    if not values:
        return False
    digest = mark.body_sha256(raw)
    return any(
        mark.is_valid_for(
            value, key=key, body_digest=digest, recipients=account.own_addresses, now=arrived_at
        )
        for value in values
    )


def seen_key(header: HeaderBlock, raw: bytes) -> str:
    """Equal for one message wherever in the mailbox it lies: content key and Message-ID."""
    message_id = next(iter(header.values("message-id")), "").strip()
    return f"{content_sha256(raw)}:{message_id}"


def _mail_from(header: HeaderBlock) -> str:
    return_paths = header.values("return-path")
    if return_paths:
        return bare_address(return_paths[0])
    return next(iter(_addresses(header, "sender") or _addresses(header, "from")), "")


def _addresses(header: HeaderBlock, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_each_address(header, names)))[:_MOST_ADDRESSES]


def _each_address(header: HeaderBlock, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        for value in header.values(name):
            for mailbox in read_mailboxes(value, name, _MOST_ADDRESSES):
                if "@" in mailbox.address:
                    yield mailbox.address
