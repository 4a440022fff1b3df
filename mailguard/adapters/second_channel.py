"""Ways to people that do not share the mail server's fate: apprise (SMS, push, webhook), or another
smarthost.

SECURITY: apprise URLs hold credentials; they are never logged, and errors say only how many of them failed.
FAILURE: a channel that says no, or nothing, is TemporaryFailure: the effect is tried again and shows in
doctor.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime

import apprise

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.ports import Clock, Courier, PermanentFailure, SecondChannel, TemporaryFailure

# apprise logs targets at its own will.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AppriseChannel:
    """A ``SecondChannel`` over apprise URLs. It has succeeded when each of them has."""

    def __init__(self, urls: Sequence[str]) -> None:
        """Raises ValueError when a URL is none that apprise knows; it is not repeated in the message."""
        self._urls = tuple(urls)
        for number, url in enumerate(urls, start=1):
            if apprise.Apprise.instantiate(url, suppress_exceptions=True) is None:
                raise ValueError(f"second channel: URL {number} is of no service that apprise knows")

    def notify(self, title: str, body: str) -> None:
        """Raises TemporaryFailure. Every URL is tried, also when one before it fails."""
        failed = 0
        for url in self._urls:
            service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
            try:
                has_gone = service is not None and bool(service.notify(title=title, body=body))
            except Exception:
                # Each service's plug-in raises its own: whichever it was, this one did not go.
                has_gone = False
            failed += not has_gone
        if failed:
            raise TemporaryFailure(f"second channel: {failed} of {len(self._urls)} services did not take it")


class SmarthostChannel:
    """A ``SecondChannel`` by plain mail over another server than the school's."""

    def __init__(
        self, *, courier: Courier, settings: EffectsSettings, addresses: Sequence[str], clock: Clock
    ) -> None:
        self._courier = courier
        self._settings = settings
        self._addresses = tuple(addresses)
        self._clock = clock

    def notify(self, title: str, body: str) -> None:
        """Raises TemporaryFailure when one of the addresses was not taken."""
        now = self._clock.now()
        failures = [
            failure for address in self._addresses if (failure := self._send(address, title, body, now))
        ]
        if failures:
            raise TemporaryFailure(
                f"second channel: {len(failures)} of {len(self._addresses)}: {failures[0]}"
            )

    def _send(self, address: str, title: str, body: str, now: datetime) -> str:
        digest = hashlib.sha256(f"{address}\n{title}".encode()).hexdigest()[:32]
        mail = OwnMail(
            to_address=address,
            to_name="",
            subject=f"[mailguard] {title}",
            text=f"{body}\n",
            header_message_id=f"<mg.second.{digest}@{self._settings.domain}>",
        )
        try:
            self._courier.send(outgoing(mail, self._settings, now=now))
        except (TemporaryFailure, PermanentFailure) as failure:
            return str(failure)
        return ""


class SeveralChannels:
    """A ``SecondChannel`` of several. Each is tried; it has succeeded when each of them has."""

    def __init__(self, channels: Sequence[SecondChannel]) -> None:
        self._channels = tuple(channels)

    def notify(self, title: str, body: str) -> None:
        """Raises TemporaryFailure with the words of every channel that failed."""
        failures = []
        for channel in self._channels:
            try:
                channel.notify(title, body)
            except TemporaryFailure as failure:
                failures.append(str(failure))
        if failures:
            raise TemporaryFailure("; ".join(failures))
