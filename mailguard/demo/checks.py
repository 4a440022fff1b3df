"""What the demo holds the running system to. A check gives its problems; none means it held."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailguard.app.mark import HEADER_NAME, TAG_HEADER_NAME
from mailguard.demo.letters import Copy, Via
from mailguard.demo.observing import LONGEST_REPORT_SECONDS, Observer, Outcome
from mailguard.demo.servers import MailServers
from mailguard.domain.words import Disposition, ReportWhen, Role

RELAY_MEDIAN_SECONDS = 3.0
MAILBOX_MEDIAN_SECONDS = 5.0
_TRACE_FIELDS = (b"return-path", HEADER_NAME.lower().encode(), TAG_HEADER_NAME.lower().encode())


@dataclass(frozen=True, slots=True)
class Check:
    """``says``: what is claimed. ``problems``: what contradicts it."""

    says: str
    problems: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        return not self.problems


def check_model(model_id: str) -> Check:
    """Without a model the lists still decide, but a disclosure by a stranger is not seen as one."""
    problems = () if model_id else ("it is dark: missing, altered or of another version",)
    return Check("the shipped model is in use", problems)


def check_decisions(outcomes: Sequence[Outcome]) -> Check:
    """Row, disposition and report as expected, and what was explained is what was done."""
    problems: list[str] = []
    for outcome in outcomes:
        message = outcome.message
        for copy, explained in zip(message.copies, outcome.explained, strict=True):
            wanted = (message.row, copy.expected.value, message.report.value)
            found = (explained["row"], explained["disposition"], explained["report"]["when"])
            if found != wanted:
                problems.append(f"{message.title}: {', '.join(found)} instead of {', '.join(wanted)}")
            done = outcome.recipients.get(copy.rcpt_to)
            if done is not None and (done.row, done.disposition.value) != found[:2]:
                problems.append(
                    f"{message.title}: explained as {found[0]}, {found[1]}; done: {done.row}, {done.disposition}"
                )
            if done is None and message.has_case:
                problems.append(f"{message.title}: the case has no recipient {copy.rcpt_to}")
        if message.has_case != (outcome.case is not None):
            problems.append(f"{message.title}: {'no case' if message.has_case else 'a case'} was opened")
    return Check(
        "every message came to the row, disposition and report the policy wants", _distinct(problems)
    )


def check_reports(outcomes: Sequence[Outcome]) -> Check:
    """Each reader has one Message-ID of each case, within a minute, and nobody else has any."""
    problems: list[str] = []
    for outcome in outcomes:
        message = outcome.message
        wanted = set(message.told) if message.report is ReportWhen.NOW else set()
        told = {role for role, arrived in outcome.reports.items() if arrived}
        if told != wanted:
            problems.append(f"{message.title}: told {_names(told)} instead of {_names(wanted)}")
        for role, arrived in outcome.reports.items():
            if len({each.message_id for each in arrived}) > 1:
                problems.append(f"{message.title}: {role.value} has several reports")
            if outcome.report_seconds.get(role, 0.0) > LONGEST_REPORT_SECONDS:
                problems.append(
                    f"{message.title}: {role.value} was told after {outcome.report_seconds[role]:.0f} s"
                )
    return Check(
        "every report to be sent at once is with its readers within 60 s, and with nobody else",
        tuple(problems),
    )


def check_clusters(outcomes: Sequence[Outcome], observer: Observer) -> Check:
    """One case a story, forty copies or one; none about mailguard's own mail."""
    expected = sum(outcome.message.has_case for outcome in outcomes)
    found = observer.case_count()
    problems = [] if found == expected else [f"{found} cases instead of {expected}"]
    largest = max(outcomes, key=lambda outcome: len(outcome.message.copies))
    if len(largest.recipients) != len(largest.message.copies):
        problems.append(f"{largest.message.title}: {len(largest.recipients)} recipients in the case")
    return Check(f"{expected} cases, forty copies of one notification among them as one", tuple(problems))


def check_delivered(outcomes: Sequence[Outcome], servers: MailServers) -> Check:
    """Every byte below the trace fields at the top is as sent."""
    problems: list[str] = []
    count = 0
    for outcome, copy in _copies(outcomes, Disposition.DELIVER):
        count += 1
        found = [raw for raw in _received(copy, servers) if below_trace(raw) == copy.raw]
        if len(found) != 1:
            problems.append(
                f"{outcome.message.title}: {len(found)} identical copies with {copy.rcpt_to} instead of one"
            )
    return Check(
        f"{count} delivered messages are byte for byte as sent, below the trace fields", tuple(problems)
    )


def check_held(outcomes: Sequence[Outcome], observer: Observer, servers: MailServers) -> Check:
    """What is held is with nobody, and in the store byte for byte."""
    problems: list[str] = []
    count = 0
    for outcome, copy in _copies(outcomes, Disposition.HOLD):
        count += 1
        if any(copy.message_id.encode() in raw for raw in _received(copy, servers)):
            problems.append(f"{outcome.message.title}: {copy.rcpt_to} has it")
        if observer.held_bytes(outcome, copy.rcpt_to) != copy.raw:
            problems.append(f"{outcome.message.title}: not byte for byte in the store for {copy.rcpt_to}")
    return Check(
        f"{count} held messages are in nobody's mailbox, and byte for byte in the store", _distinct(problems)
    )


def check_speed(outcomes: Sequence[Outcome]) -> Check:
    problems: list[str] = []
    for via, limit in ((Via.RELAY, RELAY_MEDIAN_SECONDS), (Via.MAILBOX, MAILBOX_MEDIAN_SECONDS)):
        median = median_to_report(outcomes, via)
        if median is None:
            problems.append(f"no report of what came by {via.value}")
        elif median > limit:
            problems.append(f"by {via.value}: {median:.1f} s")
    return Check("the median time to the report is under 3 s by relay, under 5 s by mailbox", tuple(problems))


def check_after_kill(outcome: Outcome, *, is_cut_short: bool) -> Check:
    """The report that was under way when the daemon was killed."""
    arrived = [each for arrived in outcome.reports.values() for each in arrived]
    problems = [] if is_cut_short else ["the daemon was not killed in the middle of a report"]
    if len({each.message_id for each in arrived}) != 1 or len(arrived) != 1:
        problems.append(
            f"{len(arrived)} reports arrived, of {len({each.message_id for each in arrived})} Message-IDs"
        )
    return Check("the report cut short by kill -9 arrived after the restart, once", tuple(problems))


def median_to_report(outcomes: Sequence[Outcome], via: Via) -> float | None:
    seconds = [
        slowest
        for outcome in outcomes
        if outcome.message.via is via and (slowest := outcome.slowest_report) is not None
    ]
    return statistics.median(seconds) if seconds else None


def median_relay(outcomes: Sequence[Outcome]) -> float | None:
    seconds = [
        sent.seconds for outcome in outcomes if outcome.message.via is Via.RELAY for sent in outcome.sent
    ]
    return statistics.median(seconds) if seconds else None


def below_trace(raw: bytes) -> bytes:
    """``raw`` without the fields that final delivery and mailguard add at the top, folded lines included."""
    rest = raw
    while rest.split(b":", 1)[0].lower() in _TRACE_FIELDS:
        _, _, rest = rest.partition(b"\r\n")
        while rest[:1] in (b" ", b"\t"):
            _, _, rest = rest.partition(b"\r\n")
    return rest


def _received(copy: Copy, servers: MailServers) -> list[bytes]:
    """Everything the recipient has: in the mailbox, or outside the school."""
    if copy.rcpt_to in servers.addresses:
        return servers.inbox(copy.rcpt_to)
    return [each.raw for each in servers.next_hop.delivered if each.address == copy.rcpt_to]


def _copies(outcomes: Sequence[Outcome], disposition: Disposition) -> list[tuple[Outcome, Copy]]:
    return [
        (outcome, copy)
        for outcome in outcomes
        for copy in outcome.message.copies
        if copy.expected is disposition
    ]


def _names(roles: Collection[Role]) -> str:
    return ", ".join(sorted(role.value for role in roles)) or "nobody"


def _distinct(problems: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problems))
