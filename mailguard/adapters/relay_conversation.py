"""What one client connection of the relay means: commands mirrored to the next hop, its replies passed back.

The connection to the next hop is opened at EHLO, because EHLO announces only what the next hop announces;
MAIL and RCPT go on at once, so its refusals come when the client can still act on them.

SECURITY: clients outside ``relay.trusted_networks`` are refused before anything else; XFORWARD is believed
because only trusted clients can say it.
FAILURE: a lost next hop answers 451 until a new MAIL finds it again.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC

import structlog

from mailguard.adapters import smtp_reply
from mailguard.adapters.memory_budget import BudgetExhausted, Lease, MemoryBudget
from mailguard.adapters.next_hop import NextHop, NextHopLost
from mailguard.adapters.relay_transaction import MessageRelay, Transaction
from mailguard.adapters.smtp_commands import (
    XFORWARD_NAMES,
    CommandRefused,
    PathCommand,
    read_mail,
    read_rcpt,
    read_xforward,
    xforward_address,
    xforward_line,
    xforward_value,
)
from mailguard.adapters.smtp_reply import Reply
from mailguard.adapters.smtp_settings import RelaySettings
from mailguard.app.ports import Receipt

log = structlog.get_logger(__name__)

_MIRRORED_EXTENSIONS = ("8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
_FIRST_LEASE_BYTES = 65_536


class Connections:
    """How many clients are connected, in all and from each address."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._by_address: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self._by_address.total()

    def enter(self, address: str) -> bool:
        """Count one more; False when a limit is reached."""
        of_this_client = self._by_address[address]
        if (
            self.total >= self._settings.max_connections
            or of_this_client >= self._settings.max_connections_per_client
        ):
            return False
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class RelayConversation:
    """The state of one connection. Implements ``smtp_protocol.Conversation``."""

    def __init__(
        self,
        settings: RelaySettings,
        *,
        relay: MessageRelay,
        connections: Connections,
        budget: MemoryBudget,
    ) -> None:
        self._settings = settings
        self._relay = relay
        self._connections = connections
        self._budget = budget
        self._peer = ""
        self._is_counted = False
        self._hello_name = ""
        self._tls = ""
        self._is_extended = False
        self._hop: NextHop | None = None
        self._announced: frozenset[str] = frozenset()
        self._size_limit = settings.max_message_bytes
        self._xforward: dict[str, str] = {}
        self._mail: PathCommand | None = None
        self._recipients: list[PathCommand] = []
        self._has_tried_rcpt = False

    def admit(self, peer_address: str) -> Reply | None:
        self._peer = peer_address
        if not self._settings.trusts(peer_address):
            log.warning("relay_client_refused", reason="not in relay.trusted_networks")
            return Reply.of(554, "5.7.1 Access denied")
        if not self._connections.enter(peer_address):
            log.warning("relay_client_refused", reason="too many connections")
            return Reply.of(421, "4.7.0 Too many connections, try again later")
        self._is_counted = True
        return None

    async def hello(self, name: str, *, is_extended: bool, tls: str) -> Reply:
        await self.reset()
        self._hello_name, self._is_extended, self._tls = name, is_extended, tls
        try:
            hop = await self._usable_hop()
        except NextHopLost as lost:
            log.warning("relay_next_hop_lost", error=str(lost))
            return Reply.of(421, "4.4.1 Next hop is not available, please try again later")
        if not is_extended:
            self._announced = frozenset()
            return Reply.of(250, self._settings.hostname)
        lines = [self._settings.hostname, "PIPELINING", f"XFORWARD {' '.join(XFORWARD_NAMES)}"]
        lines += [keyword for keyword in _MIRRORED_EXTENSIONS if keyword in hop.extensions]
        if "SIZE" in hop.extensions:
            theirs = hop.extensions["SIZE"].strip()
            limit = int(theirs) if theirs.isascii() and theirs.isdigit() else 0
            # RFC 1870 4: no number, or 0, is no fixed limit.
            self._size_limit = min(
                limit or self._settings.max_message_bytes, self._settings.max_message_bytes
            )
            lines.append(f"SIZE {self._size_limit}")
        self._announced = frozenset(line.partition(" ")[0] for line in lines[1:])
        return Reply(250, tuple(lines))

    async def xforward(self, argument: str | None) -> Reply:
        if self._mail is not None or not self._is_extended:
            return smtp_reply.BAD_SEQUENCE
        try:
            attributes = read_xforward(argument)
        except CommandRefused as refused:
            return refused.reply
        self._xforward.update(attributes)
        if self._hop is not None and self._hop.is_usable:
            await self._tell_xforward(self._hop, attributes)
        return smtp_reply.OK

    async def mail(self, argument: str | None) -> Reply:
        if self._mail is not None:
            return smtp_reply.BAD_SEQUENCE
        try:
            command = read_mail(argument, self._announced, max_message_bytes=self._size_limit)
        except CommandRefused as refused:
            return refused.reply
        reply = await self._mirror_mail(command)
        if reply.is_positive:
            self._mail = command
        return reply

    async def rcpt(self, argument: str | None) -> Reply:
        if self._mail is None:
            return smtp_reply.BAD_SEQUENCE
        self._has_tried_rcpt = True
        if len(self._recipients) >= self._settings.max_recipients:
            return Reply.of(452, "4.5.3 Too many recipients")
        try:
            command = read_rcpt(argument, self._announced, is_utf8="SMTPUTF8" in self._mail.parameters)
        except CommandRefused as refused:
            return refused.reply
        hop = self._hop
        if hop is None:
            return smtp_reply.NEXT_HOP_UNAVAILABLE
        try:
            reply = _mirrored(await hop.command(command.wire))
        except NextHopLost as lost:
            log.warning("relay_next_hop_lost", error=str(lost))
            reply = smtp_reply.NEXT_HOP_UNAVAILABLE
        if reply.is_positive:
            self._recipients.append(command)
        return reply

    async def before_data(self) -> Lease | Reply:
        if self._mail is None or not self._recipients:
            return smtp_reply.NO_RECIPIENTS if self._has_tried_rcpt else smtp_reply.BAD_SEQUENCE
        lease = Lease(self._budget)
        declared = min(self._mail.declared_bytes, self._settings.max_message_bytes)
        try:
            await lease.cover(
                max(declared, min(_FIRST_LEASE_BYTES, self._settings.max_message_bytes)),
                seconds=self._settings.memory_wait_seconds,
            )
        except BudgetExhausted:
            return smtp_reply.NO_MEMORY
        return lease

    async def message(self, raw: bytes) -> Reply:
        assert self._mail is not None
        transaction = Transaction(self._mail, tuple(self._recipients), dict(self._xforward), self._receipt())
        try:
            return _mirrored(await self._relay.relay(raw, transaction, self._hop))
        finally:
            await self.reset()

    async def reset(self) -> None:
        self._mail = None
        self._recipients = []
        self._has_tried_rcpt = False
        had_xforward = bool(self._xforward)
        self._xforward = {}
        hop = self._hop
        if hop is None:
            return
        if not hop.is_usable:
            self._drop_hop()
        elif hop.in_transaction or had_xforward:
            try:
                await hop.reset()
            except NextHopLost:
                self._drop_hop()

    def reply_sent(self) -> None:
        self._relay.failpoint("reply-sent")

    def close(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._connections.leave(self._peer)
        hop, self._hop = self._hop, None
        if hop is not None:
            hop.quit()

    async def _mirror_mail(self, command: PathCommand) -> Reply:
        """MAIL at the next hop; on a connection that turned out to be dead, once more on a new one."""
        for is_last in (False, True):
            try:
                hop = await self._usable_hop()
                reply = await hop.mail(command.wire)
            except NextHopLost as lost:
                self._drop_hop()
                if is_last:
                    log.warning("relay_next_hop_lost", error=str(lost))
                continue
            if reply.code != 421 or is_last:
                return _mirrored(reply)
            self._drop_hop()
        return smtp_reply.NEXT_HOP_UNAVAILABLE

    async def _usable_hop(self) -> NextHop:
        """The open connection, or a new one that has been told what XFORWARD said. Raises NextHopLost."""
        if self._hop is not None and self._hop.is_usable:
            return self._hop
        self._drop_hop()
        hop = await NextHop.connect(self._settings)
        self._hop = hop
        await self._tell_xforward(hop, self._xforward)
        return hop

    def _drop_hop(self) -> None:
        hop, self._hop = self._hop, None
        if hop is not None:
            hop.abort()

    async def _tell_xforward(self, hop: NextHop, attributes: dict[str, str]) -> None:
        line = xforward_line(attributes, hop.extensions.get("XFORWARD", ""))
        if not line:
            return
        try:
            reply = await hop.command(line)
        except NextHopLost:
            # MAIL will find out, and say it all again on a new connection.
            self._drop_hop()
            return
        if not reply.is_positive:
            log.warning("relay_xforward_refused", code=reply.code)

    def _receipt(self) -> Receipt:
        attributes = self._xforward
        return Receipt(
            via="relay",
            received_at=self._relay.clock.now().astimezone(UTC),
            client_ip=xforward_address(attributes) if "ADDR" in attributes else self._peer,
            client_name=xforward_value(attributes, "NAME"),
            helo=xforward_value(attributes, "HELO") or self._hello_name,
            tls=self._tls,
            queue_id=xforward_value(attributes, "IDENT"),
            protocol=xforward_value(attributes, "PROTO") or ("ESMTP" if self._is_extended else "SMTP"),
        )


def _mirrored(reply: Reply) -> Reply:
    """The next hop's reply as ours. Its 421 ends its connection, not the client's; 3yz is no answer."""
    if reply.code == 421:
        return Reply(451, reply.lines)
    return reply if reply.is_positive or 400 <= reply.code < 600 else smtp_reply.INTERNAL_FAILURE
