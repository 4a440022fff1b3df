"""The demo from beginning to end: a school day, a power cut, the Head's inbox, the proof of the audit trail.

FAILURE: whatever happens in between, the daemon is ended by its pid, the servers stop and the folder goes.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.config import load_config
from mailguard.daemon_settings import store_settings
from mailguard.demo import checks, messages, people_mail, tampering
from mailguard.demo.accounts import demo_accounts
from mailguard.demo.cast import HEAD, MAILBOXES
from mailguard.demo.checks import Check
from mailguard.demo.imap_server import HOST
from mailguard.demo.letters import DemoMessage, Via, Writer
from mailguard.demo.observing import Observer, Outcome
from mailguard.demo.school import PASSWORD, Daemon, SchoolFolder, free_port
from mailguard.demo.sending import Sent, send
from mailguard.demo.servers import MailServers
from mailguard.demo.telling import Teller, duration
from mailguard.wiring import Parts, make_parts

_STALL_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What happened, and what of it held."""

    outcomes: tuple[Outcome, ...]
    checks: tuple[Check, ...]
    seconds: float

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)

    def to_json(self) -> str:
        """One object for programs: messages, medians in milliseconds, checks."""
        answer = {
            "ok": self.held,
            "seconds": round(self.seconds, 1),
            "median_ms": {
                "relay": _milliseconds(checks.median_relay(self.outcomes)),
                "report_by_relay": _milliseconds(checks.median_to_report(self.outcomes, Via.RELAY)),
                "report_by_mailbox": _milliseconds(checks.median_to_report(self.outcomes, Via.MAILBOX)),
            },
            "messages": [
                {
                    "title": outcome.message.title,
                    "via": outcome.message.via.value,
                    **{
                        key: outcome.explained[0][key]
                        for key in ("verdict", "row", "clause", "level", "disposition")
                    },
                    "report": outcome.explained[0]["report"],
                    "case": outcome.case.id if outcome.case is not None else None,
                    "relay_ms": [_milliseconds(sent.seconds) for sent in outcome.sent if sent.reply],
                    "report_ms": {
                        role.value: _milliseconds(after) for role, after in outcome.report_seconds.items()
                    },
                }
                for outcome in self.outcomes
            ],
            "checks": [
                {"says": check.says, "ok": check.held, "problems": list(check.problems)}
                for check in self.checks
            ],
        }
        return json.dumps(answer, ensure_ascii=False)


@dataclass(slots=True)
class _Stage:
    """Everything that runs while the demo does, and what was seen so far."""

    school: SchoolFolder
    servers: MailServers
    daemon: Daemon
    relay_port: int
    review_port: int
    store: SqlStore
    parts: Parts
    observer: Observer
    teller: Teller
    writer: Writer
    outcomes: list[Outcome] = field(default_factory=list)


def play(teller: Teller, *, keep: Path | None, stays: bool) -> DemoResult:
    """Run it all. ``keep``: the folder to use and leave behind. ``stays``: stay up until KeyboardInterrupt.

    Raises DaemonProblem when the daemon does not start, OSError, smtplib.SMTPException when mail is refused.
    """
    begun = time.perf_counter()
    with _folder(keep) as folder, _stage(folder, teller) as stage:
        found = _story(stage)
        seconds = time.perf_counter() - begun
        if stays:
            _open_review_page(stage)
            _say_what_to_try(stage, is_kept=keep is not None)
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            teller.title("Ending")
        status = stage.daemon.stop()
        found.append(
            Check("the daemon ends in order on SIGTERM", () if status == 0 else (f"status {status}",))
        )
        teller.checks(found[-1:])
        result = DemoResult(outcomes=tuple(stage.outcomes), checks=tuple(found), seconds=seconds)
    _say_result(teller, result, kept_in=keep)
    return result


@contextmanager
def _folder(keep: Path | None) -> Iterator[SchoolFolder]:
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield SchoolFolder(keep.resolve())
        return
    folder = Path(tempfile.mkdtemp(prefix="mailguard-demo-"))
    try:
        yield SchoolFolder(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stage(school: SchoolFolder, teller: Teller) -> Iterator[_Stage]:
    clock = SystemClock()
    writer = Writer(clock.now(), secrets.token_hex(4))
    addresses = messages.known_addresses(messages.all_messages(writer))
    with MailServers(addresses, PASSWORD) as servers:
        relay_port = free_port()
        review_port = free_port()
        school.make(
            relay_port=relay_port,
            next_hop_port=servers.next_hop_port,
            imap_port=servers.imap_port,
            review_port=review_port,
        )
        daemon = Daemon(school, relay_port=relay_port)
        opened: OpenedStore | None = None
        try:
            teller.title("Harrow Lane School, thrown away when this ends")
            with teller.waiting("starting mailguard"):
                started_after = daemon.start()
                loaded = load_config(school.config)
                parts = make_parts(loaded)
                opened = open_store(store_settings(loaded, school.state, may_make=False), clock)
            teller.say(
                f"mailguard runs as process {daemon.pid}, {duration(started_after)} after its start: relay on port "
                f"{relay_port}, {len(MAILBOXES)} mailboxes over IMAP on port {servers.imap_port}, next hop on "
                f"port {servers.next_hop_port}, all on {HOST}. Everybody in this school is invented."
            )
            observer = Observer(
                store=opened.store,
                blobs=opened.blobs,
                inspector=parts.inspector(),
                servers=servers,
                readers={
                    role: address.lower() for role, address in (parts.school.role_addresses or {}).items()
                },
            )
            yield _Stage(
                school,
                servers,
                daemon,
                relay_port,
                review_port,
                opened.store,
                parts,
                observer,
                teller,
                writer,
            )
        finally:
            if opened is not None:
                opened.store.close()
            daemon.stop()


def _story(stage: _Stage) -> list[Check]:
    """Everything that is shown, in order. Gives the checks, printed already."""
    teller, writer = stage.teller, stage.writer
    teller.title("Through the relay")
    teller.table_head()
    for message in messages.before_the_cut(writer):
        _send_and_tell(stage, message)

    teller.title("kill -9 in the middle of a report")
    cut, sent, is_cut_short = _cut_the_power(stage)

    teller.title("Through the relay again, while the report cut short waits for its lease to run out")
    teller.table_head()
    for message in messages.after_the_cut(writer):
        _send_and_tell(stage, message)

    teller.title("Straight into mailboxes, past the relay")
    teller.table_head()
    for message in messages.into_mailboxes(writer):
        _send_and_tell(stage, message)

    teller.title("The report cut short")
    teller.table_head()
    with teller.waiting("waiting for the report that was cut short"):
        after_kill = stage.observer.wait_for(cut, sent)
    stage.outcomes.append(after_kill)
    teller.outcome(after_kill)

    _show_inbox(stage)
    trail_checks = _prove_trail(stage, after_kill)
    found = [
        checks.check_model(stage.parts.classifier.model_id),
        checks.check_decisions(stage.outcomes),
        checks.check_reports(stage.outcomes),
        checks.check_after_kill(after_kill, is_cut_short=is_cut_short),
        checks.check_clusters(stage.outcomes, stage.observer),
        checks.check_delivered(stage.outcomes, stage.servers),
        checks.check_held(stage.outcomes, stage.observer, stage.servers),
        checks.check_speed(stage.outcomes),
        *trail_checks,
    ]
    teller.title("What held")
    relay, by_relay, by_mailbox = (
        checks.median_relay(stage.outcomes),
        checks.median_to_report(stage.outcomes, Via.RELAY),
        checks.median_to_report(stage.outcomes, Via.MAILBOX),
    )
    teller.say(
        f"Medians: {duration(relay)} in the relay; from sending to the report in the reader's inbox "
        f"{duration(by_relay)} by relay, {duration(by_mailbox)} by mailbox."
    )
    teller.checks(found)
    return found


def _send_and_tell(stage: _Stage, message: DemoMessage) -> None:
    with stage.teller.waiting(message.title):
        outcome = stage.observer.wait_for(message, send(message, stage.servers, relay_port=stage.relay_port))
    stage.outcomes.append(outcome)
    stage.teller.outcome(outcome)


def _cut_the_power(stage: _Stage) -> tuple[DemoMessage, list[Sent], bool]:
    """Send the disclosure, kill the daemon while its report is on the wire, start it again."""
    hop, teller = stage.servers.next_hop, stage.teller
    message = people_mail.the_disclosure(stage.writer)
    first_pid = stage.daemon.pid
    hop.stall_at_next_for(HEAD)
    sent = send(message, stage.servers, relay_port=stage.relay_port)
    is_cut_short = hop.has_stalled.wait(_STALL_SECONDS)
    stage.daemon.kill()
    teller.say(
        f"A pupil tells of being hurt at home. The relay said {sent[0].reply[:3]} after {duration(sent[0].seconds)}: the "
        f"message is held on disk. Its report was on the wire, not yet accepted, when process {first_pid} was killed."
    )
    with teller.waiting("starting mailguard again"):
        started_after = stage.daemon.start()
    teller.say(f"Process {stage.daemon.pid} took over {duration(started_after)} after its start.")
    return message, sent, is_cut_short


def _show_inbox(stage: _Stage) -> None:
    teller = stage.teller
    inbox = stage.servers.inbox(HEAD)
    reports = [each for each in stage.servers.next_hop.delivered if each.address == HEAD]
    holder = stage.parts.loaded.config.roles.head.name
    teller.title(
        f"The inbox of {holder}, Head Teacher and Designated Child Protection Officer: {len(inbox)} messages"
    )
    for report in reports:
        teller.exactly(f"  {report.subject}")
    if reports:
        teller.title("The first of them")
        teller.report(reports[0].raw)


def _prove_trail(stage: _Stage, outcome: Outcome) -> tuple[Check, ...]:
    teller = stage.teller
    teller.title("The audit trail: mailguard audit verify")
    if outcome.case is None:
        return (Check("the audit trail verifies", ("there is no case whose event could be altered",)),)
    seq = stage.observer.opening_event(outcome.case.id)
    with teller.waiting("verifying the audit trail"):
        genuine = tampering.verify(stage.school)
        teller.say(f"  as it is: {genuine.says}")
        change = tampering.alter_copy(stage.school, seq=seq)
        altered = tampering.verify(stage.school, is_altered=True)
    teller.say(f"  {change}: status {altered.status}, {altered.says}")
    return tampering.check_trail(genuine, altered, seq=seq)


def _open_review_page(stage: _Stage) -> None:
    """Accounts as the admin would make them, and how to sign in to the page that the daemon serves."""
    teller, school = stage.teller, stage.school
    school.write_code_program()
    issued = demo_accounts(stage.parts.loaded, stage.store, stage.parts.lists)
    teller.title("The review page is open")
    teller.exactly(f"  http://{HOST}:{stage.review_port}/")
    teller.say("Sign in with an address and its one-time password, and leave the code empty:")
    for each in issued:
        teller.exactly(f"  {each.account.role.value:<8} {each.account.address:<28} {each.one_time_password}")
    teller.say(
        "It asks for a password of your own and an authenticator app. No phone at hand? This shows the code:"
    )
    teller.exactly(f"  python3 {school.code_program} KEY    (the key that the page shows below the picture)")


def _say_what_to_try(stage: _Stage, *, is_kept: bool) -> None:
    teller, school = stage.teller, stage.school
    program = _this_program()
    school.write_sender(relay_port=stage.relay_port)
    teller.title("It stays up until Ctrl-C. In another terminal:")
    teller.exactly(f"  export MAILGUARD_CONFIG={school.config}")
    teller.exactly(f"  export MAILGUARD_STATE={school.state}")
    teller.exactly(f"  {program} case list")
    teller.exactly(f"  {program} case show NUMBER    (one of the list)")
    teller.exactly(f"  {program} audit show")
    teller.exactly(f"  {program} explain {school.letter}")
    teller.exactly(f"  python3 {school.sender}    (sends that letter through the relay: change it)")
    teller.exactly(f"  relay {HOST}:{stage.relay_port}    next hop {HOST}:{stage.servers.next_hop_port}")
    teller.exactly(f"  IMAP  {HOST}:{stage.servers.imap_port}, no TLS, user {HEAD}, password {PASSWORD}")
    teller.say(f"  log   {school.log}; the folder {'stays' if is_kept else 'is removed at the end'}")


def _this_program() -> str:
    """How to call mailguard from here: the program beside this Python, from the current folder where it is below it."""
    program = Path(sys.executable).parent / "mailguard"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def _say_result(teller: Teller, result: DemoResult, *, kept_in: Path | None) -> None:
    failed = [check for check in result.checks if not check.held]
    words = "All of it held" if not failed else f"{len(failed)} of {len(result.checks)} did not hold"
    teller.title(f"{words}; {result.seconds:.0f} s.")
    for check in failed:
        teller.say(f"  did not hold: {check.says}")
    if kept_in is not None:
        teller.say(f"  Kept: {kept_in.resolve()}")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
