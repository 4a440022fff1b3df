"""Sends mailguard's own mail (reports, digests, notices, releases): the ``Courier`` of app.ports.

One connection a message: reports are few, and a fresh connection has no state to go wrong.

SECURITY: credentials go out only over verified TLS, unless the server is on loopback.
FAILURE: a reply of 4yz, no reply, or no connection is TemporaryFailure; only a 5yz in answer to this message
is PermanentFailure. When the reply to the end of data is lost the message may have been accepted: the caller
sends it again with the same Message-ID.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import Final

import aiosmtplib

from mailguard.adapters.smtp_settings import LOOPBACK, CourierSettings, TransportSecurity, is_within
from mailguard.app.ports import OutgoingMessage, PermanentFailure, TemporaryFailure

_LONGEST_WORDS: Final = 500
_QUIT_SECONDS: Final = 2.0
# RFC 3463, section 2.
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b", re.ASCII)


class SmtpCourier:
    """A ``Courier`` over SMTP. Thread-safe: each send has its own connection and event loop."""

    def __init__(self, settings: CourierSettings) -> None:
        """Raises ValueError when credentials would go over an open wire."""
        is_local = settings.server.host == "localhost" or is_within(settings.server.host, LOOPBACK)
        if settings.username and settings.security is TransportSecurity.NONE and not is_local:
            raise ValueError(f"outgoing.security = none would send a password to {settings.server} in clear")
        self._settings = settings

    def send(self, message: OutgoingMessage) -> str:
        """The server's words on acceptance. Blocks, at most ``total_seconds``."""
        return asyncio.run(self._send_within_deadline(message))

    def probe(self, *, mail_from: str, rcpt_to: str) -> None:
        """Ask with MAIL and RCPT whether the server would take mail, then RSET: nothing is sent.

        Raises PermanentFailure with the server's words when it would not, TemporaryFailure when it cannot say.
        """
        asyncio.run(self._probe(mail_from, rcpt_to))

    async def _probe(self, mail_from: str, rcpt_to: str) -> None:
        client = self._client()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await client.connect()
                if client.is_ehlo_or_helo_needed:
                    await client.ehlo()
                await self._command(client, f"MAIL FROM:<{mail_from}>", "ascii", ())
                await self._command(client, f"RCPT TO:<{rcpt_to}>", "utf-8", ())
                await client.rset()
        except aiosmtplib.SMTPResponseException as error:
            raise self._failure("RCPT TO", error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            words = str(error) or f"no answer within {self._settings.timeout_seconds:g} seconds"
            raise TemporaryFailure(f"asking {self._settings.server}: {words}"[:_LONGEST_WORDS]) from error
        finally:
            client.close()

    async def _send_within_deadline(self, message: OutgoingMessage) -> str:
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                return await self._send(message)
        except TimeoutError as error:
            raise TemporaryFailure(f"sending to {self._settings.server}: no answer in time") from error

    async def _send(self, message: OutgoingMessage) -> str:
        client = self._client()
        step = "connecting"
        try:
            await client.connect()
            step = "EHLO"
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            options = self._mail_options(client, message)
            encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
            step = "MAIL FROM"
            await self._command(client, f"MAIL FROM:<{message.mail_from}>", encoding, options)
            step = "RCPT TO"
            await self._command(client, f"RCPT TO:<{message.rcpt_to}>", encoding, ())
            step = "DATA"
            reply = await client.data(message.raw, timeout=self._settings.final_reply_seconds)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_QUIT_SECONDS)
            return f"{reply.code} {reply.message}"[:_LONGEST_WORDS]
        except aiosmtplib.SMTPResponseException as error:
            raise self._failure(step, error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TemporaryFailure(f"{step} at {self._settings.server}: {error}"[:_LONGEST_WORDS]) from error
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        tls = None
        if settings.security is not TransportSecurity.NONE:
            tls = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
        return aiosmtplib.SMTP(
            hostname=settings.server.host,
            port=settings.server.port,
            username=settings.username or None,
            password=settings.password or None,
            local_hostname=settings.local_hostname,
            timeout=settings.timeout_seconds,
            use_tls=settings.security is TransportSecurity.TLS,
            start_tls=settings.security is TransportSecurity.STARTTLS,
            tls_context=tls,
        )

    def _mail_options(self, client: aiosmtplib.SMTP, message: OutgoingMessage) -> tuple[str, ...]:
        """MAIL parameters. Raises PermanentFailure when the server cannot carry the addresses."""
        options = []
        has_utf8_address = not (message.mail_from + message.rcpt_to).isascii()
        header_block = message.raw.partition(b"\r\n\r\n")[0]
        if has_utf8_address and not client.supports_extension("smtputf8"):
            raise PermanentFailure(
                f"{self._settings.server} does not offer SMTPUTF8, which the address needs"
            )
        if client.supports_extension("smtputf8") and (has_utf8_address or not header_block.isascii()):
            options.append("SMTPUTF8")
        if client.supports_extension("8bitmime") and not message.raw.isascii():
            options.append("BODY=8BITMIME")
        if client.supports_extension("size"):
            options.append(f"SIZE={len(message.raw)}")
        return tuple(options)

    async def _command(
        self, client: aiosmtplib.SMTP, line: str, encoding: str, options: tuple[str, ...]
    ) -> None:
        """One envelope command. The address goes out as it stands: no re-quoting, no guessing."""
        if any(ord(character) < 32 or ord(character) == 127 for character in line):
            raise PermanentFailure("an envelope address holds a control character")
        words = [line.encode(encoding), *(option.encode("ascii") for option in options)]
        reply = await client.execute_command(*words)
        if not 200 <= reply.code < 300:
            raise aiosmtplib.SMTPResponseException(reply.code, reply.message)

    def _failure(
        self, step: str, error: aiosmtplib.SMTPResponseException
    ) -> TemporaryFailure | PermanentFailure:
        words = f"{step} at {self._settings.server}: {error.code} {error.message}"[:_LONGEST_WORDS]
        enhanced = _ENHANCED_CODE.match(error.message)
        reply = f"{error.code} {enhanced[0]}" if enhanced else str(error.code)
        # A 5yz before the envelope (greeting, EHLO, log-in) is about us and can be repaired.
        if 500 <= error.code < 600 and step not in {"connecting", "EHLO"}:
            return PermanentFailure(words, reply=reply)
        return TemporaryFailure(words, reply=reply)
