"""What the relay and the courier need to know, frozen and checked.

The configuration file's ``[relay]``, ``[outgoing]`` and ``[authentication]`` become these.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[IPNetwork, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class HostPort:
    """A TCP address. Port 0 asks the system for a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HostPort:
        """Read "host:port" or "[::1]:port". Raises ValueError naming what is wrong."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not host:port")
        if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
            raise ValueError(f"{text!r} is not host:port; an IPv6 address goes in brackets")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class FilterPosition(StrEnum):
    """Where Postfix has the relay: ``content_filter`` (after-queue) or ``smtpd_proxy_filter``."""

    AFTER_QUEUE = "after-queue"
    BEFORE_QUEUE = "before-queue"


class RelayMode(StrEnum):
    """``shadow`` judges and records what would have been done, but delivers everything."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


class BareNewlines(StrEnum):
    """What becomes of a message with a CR or LF outside a CRLF (docs/adr/0003-bare-newlines.md)."""

    NORMALISE = "normalise"
    REFUSE = "refuse"


class TransportSecurity(StrEnum):
    """``starttls`` and ``tls`` verify the server's certificate; ``none`` is for loopback."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """One relay process. Sizes in bytes, times in seconds; connections and memory are per process."""

    next_hop: HostPort
    listen: HostPort = HostPort("127.0.0.1", 10025)
    listen_fd: int | None = None  # an inherited listening socket; takes precedence over ``listen``
    hostname: str = "mailguard.localhost"
    trusted_networks: tuple[IPNetwork, ...] = LOOPBACK
    position: FilterPosition = FilterPosition.AFTER_QUEUE
    mode: RelayMode = RelayMode.ENFORCE
    bare_newlines: BareNewlines = BareNewlines.NORMALISE
    next_hop_security: TransportSecurity = TransportSecurity.NONE
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    max_message_bytes: int = 52_428_800
    max_line_bytes: int = 1_048_576
    max_recipients: int = 1_000
    max_connections: int = 200
    max_connections_per_client: int = 200
    max_bytes_in_flight: int = 268_435_456
    hop_limit: int = 50

    idle_timeout_seconds: float = 300.0
    data_timeout_seconds: float = 1_200.0  # for one whole message
    memory_wait_seconds: float = 10.0
    judge_timeout_seconds: float = 30.0
    record_timeout_seconds: float = 30.0
    next_hop_connect_seconds: float = 10.0
    next_hop_reply_seconds: float = 60.0
    next_hop_final_seconds: float = 300.0  # after the end of data; RFC 5321 4.5.3.2.6 gives the peer time
    drain_seconds: float = 20.0

    workers: int = 1
    judge_threads: int = 2
    record_threads: int = 4
    mark_lifetime_seconds: int = 30 * 86_400

    def __post_init__(self) -> None:
        """Raises ValueError naming the first setting that cannot work."""
        for name in (
            "max_message_bytes", "max_line_bytes", "max_recipients", "max_connections", "hop_limit",
            "max_connections_per_client", "max_bytes_in_flight", "workers", "judge_threads", "record_threads",
            "mark_lifetime_seconds", "idle_timeout_seconds", "data_timeout_seconds", "judge_timeout_seconds",
            "record_timeout_seconds", "next_hop_connect_seconds", "next_hop_reply_seconds",
            "next_hop_final_seconds",
        ):  # fmt: skip
            if getattr(self, name) <= 0:
                raise ValueError(f"relay.{name} = {getattr(self, name)}: must be above 0")
        if self.max_bytes_in_flight < self.max_message_bytes:
            raise ValueError(
                "relay.max_bytes_in_flight must hold at least one message of relay.max_message_bytes"
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("relay.tls_certificate and relay.tls_key belong together: set both or neither")

    def trusts(self, address: str) -> bool:
        """True when a client at this IP address may use the relay. Anything that is no IP address may not."""
        return is_within(address, self.trusted_networks)


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """The way mailguard's own mail goes out. Times in seconds; ``final_reply_seconds``: for the reply to the end of data.

    A server that thinks for long has the message nevertheless: who does not wait for its word sends again, and it comes twice (RFC 5321
    4.5.3.2.6 allows ten minutes).
    """

    server: HostPort
    security: TransportSecurity = TransportSecurity.NONE
    username: str = ""
    password: str = ""
    ca_file: Path | None = None
    local_hostname: str = "mailguard.localhost"
    timeout_seconds: float = 30.0
    final_reply_seconds: float = 300.0
    total_seconds: float = 420.0

    def __repr__(self) -> str:
        return f"CourierSettings(server={self.server}, security={self.security})"


def is_within(address: str, networks: tuple[IPNetwork, ...]) -> bool:
    """True when ``address`` is an IP address in one of ``networks``; ::ffff:a.b.c.d counts as IPv4."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks if network.version == ip.version)
