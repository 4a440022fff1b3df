"""Private servers for the tests: real Postfix, Dovecot and PostgreSQL, and a next hop that does as told.

The fixtures are in tests/conftest.py; tests/integration/test_servers.py shows each in use.
"""

from tests.servers.dovecot import QUARANTINE_FOLDER, DovecotServer, run_dovecot
from tests.servers.mail import deliver_by_lmtp, make_message, send_by_smtp
from tests.servers.next_hop import ALL_EXTENSIONS, CollectingNextHop, Delivery, Script
from tests.servers.postfix import PostfixServer, run_postfix
from tests.servers.postgres import PostgresServer, run_postgres
from tests.servers.process import HOST, ServerFailed, ServerMissing, free_port, wait_until

__all__ = [
    "ALL_EXTENSIONS",
    "HOST",
    "QUARANTINE_FOLDER",
    "CollectingNextHop",
    "Delivery",
    "DovecotServer",
    "PostfixServer",
    "PostgresServer",
    "Script",
    "ServerFailed",
    "ServerMissing",
    "deliver_by_lmtp",
    "free_port",
    "make_message",
    "run_dovecot",
    "run_postfix",
    "run_postgres",
    "send_by_smtp",
    "wait_until",
]
