"""The real daemon over a real Dovecot: doctor knows which mailboxes are read, and names the one that is not."""

import json
from pathlib import Path

from mailguard.adapters.imap_settings import account_id
from mailguard.app.sightings import sightings
from tests.daemon import Daemon, installed
from tests.schooling import OFFICE, STRANGER, TEACHER
from tests.servers import (
    HOST,
    CollectingNextHop,
    DovecotServer,
    free_port,
    make_message,
    wait_until,
)

PLACE = "MG_TEST_MASTER"


def settings(server: DovecotServer, user: str) -> str:
    """The second mailbox's server does not answer."""
    return f"""
[mailboxes]
host = "{HOST}"
port = {server.imap_port}
security = "none"
sweep_seconds = 1
master_user = "{server.master[0]}"
master_password = {{ environment = "{PLACE}" }}
[[mailboxes.account]]
address = "{TEACHER}"
username = "{user}"
[[mailboxes.account]]
address = "{OFFICE}"
username = "office"
port = {free_port()}
"""


def rows(daemon: Daemon) -> dict[str, dict[str, str]]:
    return {row["what"]: row for row in json.loads(daemon.command("doctor", "--json", status=None))}


def test_doctor_names_the_mailbox_that_is_not_read_and_knows_the_newest_mail(
    tmp_path: Path, next_hop: CollectingNextHop, dovecot: DovecotServer
) -> None:
    user = dovecot.new_user()
    more = settings(dovecot, user)
    with installed(
        tmp_path, next_hop_port=next_hop.port, more=more, parts=("mailboxes", "effects")
    ) as daemon:
        daemon.start(environment={PLACE: dovecot.master[1]})
        raw = make_message(sender=STRANGER, to=TEACHER, subject="Order", body="Your order is ready.")
        dovecot.deliver(user, raw, mail_from=STRANGER)
        with daemon.store() as opened:

            def has_seen_mail() -> bool:
                with opened.store.reading() as transaction:
                    found = sightings(transaction.ledger)
                return account_id(TEACHER) in found.seen and account_id(TEACHER) in found.newest_mail

            wait_until(has_seen_mail, "the mailbox and its mail are seen", seconds=60)
        said = rows(daemon)
        found = said["mailboxes"]
        assert found["state"] == "fail"
        assert found["says"].startswith("1 of 2 not read so far; newest mail ")
        assert OFFICE in found["fix"]
        assert TEACHER not in found["fix"]
        # The relay is not part of this daemon, and was never run here.
        assert said["relay"]["state"] == "warn"
        assert said[f"imap {OFFICE}"]["state"] == "fail"
        assert daemon.stop() == 0
