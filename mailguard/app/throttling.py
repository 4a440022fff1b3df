"""How often somebody may try: counted for the client's address, and for the account.

A browser that has signed in to an account before carries a mark of that and is counted by itself, so a stranger who
tries the Head's address all night locks out strangers, not the Head. Every lock ends by itself within minutes and is
not prolonged by tries while it lasts. A try is counted before it is judged: many at once gain nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.account_records import Throttle
from mailguard.app.ports_store import Transaction


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """So many failures within ``window_seconds`` lock for ``lock_seconds``."""

    failures: int
    window_seconds: int
    lock_seconds: int


ADDRESS_RULE = ThrottleRule(failures=30, window_seconds=900, lock_seconds=600)
ACCOUNT_RULE = ThrottleRule(failures=8, window_seconds=900, lock_seconds=900)
BROWSER_RULE = ThrottleRule(failures=8, window_seconds=900, lock_seconds=300)


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that is counted: ``key`` names it."""

    key: str
    rule: ThrottleRule


def tries_of(*, client_ip: str, account_address: str, browser: str) -> tuple[Tried, ...]:
    """What one try to sign in counts towards. ``browser``: the mark of a browser known to this account, or ""."""
    by_client = Tried(f"client:{network_of(client_ip)}", ADDRESS_RULE)
    if browser:
        return by_client, Tried(f"browser:{browser}", BROWSER_RULE)
    return by_client, Tried(f"account:{account_address.strip().casefold()}", ACCOUNT_RULE)


def locked_until(transaction: Transaction, tries: Sequence[Tried]) -> datetime | None:
    """When the longest lock of these ends; None when none holds."""
    throttles = [transaction.accounts.throttle(tried.key) for tried in tries]
    ends = [each.locked_until for each in throttles if each is not None and each.locked_until is not None]
    return max((end for end in ends if end > transaction.now), default=None)


def count_try(transaction: Transaction, tries: Sequence[Tried]) -> tuple[str, ...]:
    """Count one failure for each before it is known to be one; the keys that are locked from now on."""
    locked = []
    for tried in tries:
        throttle = transaction.accounts.throttle(tried.key)
        window = timedelta(seconds=tried.rule.window_seconds)
        if throttle is None or transaction.now - throttle.first_at > window:
            throttle = Throttle(failures=0, first_at=transaction.now, locked_until=None)
        failures, until = throttle.failures + 1, None
        if failures >= tried.rule.failures:
            until = transaction.now + timedelta(seconds=tried.rule.lock_seconds)
            locked.append(tried.key)
        # After a lock the count begins anew.
        kept = Throttle(failures=0 if until else failures, first_at=throttle.first_at, locked_until=until)
        transaction.accounts.put_throttle(tried.key, kept)
    return tuple(locked)


def forgive(transaction: Transaction, tries: Sequence[Tried]) -> None:
    """It was no failure. The client's count goes back by one only: an account of one's own resets nothing."""
    for tried in tries:
        throttle = transaction.accounts.throttle(tried.key)
        if throttle is None:
            continue
        if not tried.key.startswith("client:"):
            transaction.accounts.clear_throttle(tried.key)
        elif throttle.failures > 0:
            kept = Throttle(failures=throttle.failures - 1, first_at=throttle.first_at, locked_until=None)
            transaction.accounts.put_throttle(tried.key, kept)


def network_of(client_ip: str) -> str:
    """An IPv6 client has a whole /64 to try from: it is counted as one."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
