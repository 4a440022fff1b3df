"""Settings of relay and courier."""

import ipaddress

import pytest

from mailguard.adapters.smtp_settings import CourierSettings, HostPort, RelaySettings

NEXT_HOP = HostPort("127.0.0.1", 10026)


@pytest.mark.parametrize("text", ["127.0.0.1:25", "[::1]:2525", "mx.school.test:587"])
def test_addresses_are_read_and_written_alike(text: str) -> None:
    assert str(HostPort.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "25", ":25", "host", "host:", "host:abc", "host:70000", "::1:25", "[::1:25"]
)
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        HostPort.parse(text)


@pytest.mark.parametrize(
    "change",
    [
        {"max_recipients": 0},
        {"idle_timeout_seconds": -1},
        {"max_bytes_in_flight": 1000},
        {"tls_certificate": "/some/where"},
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"relay\."):
        RelaySettings(next_hop=NEXT_HOP, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "is_trusted"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_only_loopback_is_trusted_by_default(address: str, is_trusted: bool) -> None:
    assert RelaySettings(next_hop=NEXT_HOP).trusts(address) is is_trusted


def test_a_network_can_be_trusted() -> None:
    settings = RelaySettings(next_hop=NEXT_HOP, trusted_networks=(ipaddress.ip_network("192.0.2.0/24"),))
    assert settings.trusts("192.0.2.200")
    assert not settings.trusts("127.0.0.1")


def test_a_courier_does_not_show_its_password() -> None:
    settings = CourierSettings(server=NEXT_HOP, username="guard", password="secret")
    assert "secret" not in repr(settings)
    assert "guard" not in repr(settings)
