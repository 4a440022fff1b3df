"""Fixtures for real servers. What each gives is in its docstring; all stop by pid when the test ends."""

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import (
    CollectingNextHop,
    DovecotServer,
    PostfixServer,
    PostgresServer,
    run_dovecot,
    run_postfix,
    run_postgres,
)
from tests.tables import IS_PROVING

# re forgets compiled patterns after a few hundred; the recognisers alone, loaded in hundreds of tests, have more.
vars(re)["_MAXCACHE"] = 20_000

settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("prove", parent=settings.get_profile("quick"), max_examples=2000)
settings.load_profile("prove" if IS_PROVING else "quick")


@pytest.fixture
def next_hop() -> Iterator[CollectingNextHop]:
    """An SMTP server that keeps what it gets: ``next_hop.port``, ``.deliveries``, ``.script``."""
    with CollectingNextHop() as hop:
        yield hop


@pytest.fixture
def start_next_hop() -> Iterator[Callable[..., CollectingNextHop]]:
    """``start_next_hop(extensions=(...), protocol="lmtp")``: as many further next hops as the test wants."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(CollectingNextHop(**options))


@pytest.fixture
def start_postfix() -> Iterator[Callable[..., PostfixServer]]:
    """``start_postfix("after", filter_port=..., next_hop=hop.transport)``; see tests.servers.run_postfix."""
    with contextlib.ExitStack() as stack:
        yield lambda mode, **options: stack.enter_context(run_postfix(mode, **options))


@pytest.fixture(scope="session")
def dovecot() -> Iterator[DovecotServer]:
    """One Dovecot for the whole run, never stopped by a test: ``user = dovecot.new_user()``."""
    with run_dovecot() as server:
        yield server


@pytest.fixture
def start_dovecot() -> Iterator[Callable[..., DovecotServer]]:
    """``start_dovecot(without=frozenset({"MOVE"}), imaps=True)``: the test's own, which it may stop."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(run_dovecot(**options))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run. Most tests want `postgres_url`."""
    with run_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A database of the test's own, empty, as an SQLAlchemy URL."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)
