"""Decide a message again with other parts (model, policy, lists) and say what would have been otherwise.

Nothing outside is touched, and nothing of a message's words or of anybody's name is in what comes out: codes, rows, versions
and persons' ids. Dates that matter (an account's expiry, a relationship's date) are held against the time the message came.
Source: issue "Back-test"; DECISIONS.md, rule 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mailguard.app.inspect import Inspection, Inspector
from mailguard.app.ports import Versions
from mailguard.domain.message import Authentication, Envelope
from mailguard.domain.words import Disposition, Initiator, Level, ReportWhen, Role, Verdict

_CHILDREN = frozenset({Initiator.CHILD.value, Initiator.PROBABLE_CHILD.value})
# Verification is stated by whoever received the message, and says nothing of what would be decided.
_UNINTERESTING = frozenset({"auth-none", "auth-pass", "auth-fail"})


@dataclass(frozen=True, slots=True)
class MomentClock:
    """Stands at the time a message came."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was or would be decided. ``recipients``: (disposition, row) each, in envelope order.

    ``is_partly_known``: of a further delivery of a kept message only the rows are kept; the rest follows from them.
    """

    verdict: Verdict
    row: str
    disposition: Disposition
    report: ReportWhen
    level: Level
    to: tuple[Role, ...] = ()
    withheld_from: tuple[Role, ...] = ()
    recipients: tuple[tuple[Disposition, str], ...] = ()
    initiator: str = ""
    nature: str = ""
    persons: tuple[str, ...] = ()
    platform: str = ""
    signals: frozenset[str] = frozenset()
    is_partly_known: bool = False

    @property
    def is_held(self) -> bool:
        """True when anybody's copy is."""
        return self.disposition is Disposition.HOLD or any(
            disposition is Disposition.HOLD for disposition, _ in self.recipients
        )

    @property
    def is_childs(self) -> bool:
        return self.initiator in _CHILDREN

    def tells_the_same_as(self, other: Outcome) -> bool:
        """Whether nobody would notice a difference, whatever the scores."""
        if (self.row, self.disposition, self.recipients) != (other.row, other.disposition, other.recipients):
            return False
        return self.is_partly_known or other.is_partly_known or self._told == other._told

    @property
    def _told(self) -> tuple[object, ...]:
        return self.verdict, self.report, self.level, self.to, self.withheld_from

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "row": self.row,
            "disposition": self.disposition.value,
            "report": self.report.value,
            "level": int(self.level),
            "to": [role.value for role in self.to],
            "withheld_from": [role.value for role in self.withheld_from],
            "recipients": [
                {"disposition": disposition.value, "row": row} for disposition, row in self.recipients
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage:
    """A message to decide again, as it came.

    ``label``: a case id or a path; ``message_id`` of the store, "" in an archive. ``authentication``: what was known of the
    sender then, None: as the message's own trusted header says. ``stored``: what was decided then, where it was kept.
    """

    label: str
    raw: bytes
    envelope: Envelope
    came_at: datetime
    message_id: str = ""
    authentication: Authentication | None = None
    stored: Outcome | None = None
    stored_versions: Versions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One message, before and after. ``why``: which evidence differs, "+" came and "-" went."""

    label: str
    message_id: str
    came_at: datetime
    before: Outcome
    after: Outcome
    why: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        return not self.before.tells_the_same_as(self.after)

    @property
    def is_new_hold(self) -> bool:
        return self.after.is_held and not self.before.is_held

    @property
    def is_hold_no_longer(self) -> bool:
        return self.before.is_held and not self.after.is_held

    @property
    def is_report_new(self) -> bool:
        return self.before.report is ReportWhen.NONE and self.after.report is not ReportWhen.NONE

    @property
    def is_report_no_longer(self) -> bool:
        return self.before.report is not ReportWhen.NONE and self.after.report is ReportWhen.NONE

    @property
    def is_report_later(self) -> bool:
        """At once before, in the next digest after."""
        return self.before.report is ReportWhen.NOW and self.after.report is ReportWhen.DIGEST

    @property
    def loses_a_childs_report(self) -> bool:
        """A child's contact that was reported would be reported later or not at all."""
        return self.before.is_childs and (self.is_report_no_longer or self.is_report_later)

    @property
    def is_closed_to_some(self) -> bool:
        """Whether somebody in the chain may not know of the case."""
        return bool(self.before.withheld_from or self.after.withheld_from)

    @property
    def marks(self) -> tuple[str, ...]:
        """What this change is counted as, the gravest first."""
        holds = {
            "child-report-lost": self.loses_a_childs_report and self.is_report_no_longer,
            "child-report-later": self.loses_a_childs_report and self.is_report_later,
            "report-no-longer": self.is_report_no_longer,
            "report-later": self.is_report_later,
            "hold-no-longer": self.is_hold_no_longer,
            "new-hold": self.is_new_hold,
            "report-new": self.is_report_new,
        }
        return tuple(mark for mark, does in holds.items() if does)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``, and for what is kept of a replay."""
        return {
            "label": self.label,
            "message": self.message_id,
            "came_at": self.came_at.isoformat(),
            "changed": self.is_changed,
            "marks": list(self.marks),
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "why": list(self.why),
        }


@dataclass(frozen=True, slots=True)
class Replayer:
    """``before`` None: a message is held against what was decided then, or, where nothing was kept, is not compared."""

    after: Inspector
    before: Inspector | None = None

    def replay(self, message: PastMessage) -> Replayed:
        """Total as inspection is. Raises ValueError for a message without a "before": the caller gave no parts and it has none."""
        after = decided_again(self.after, message)
        if self.before is not None:
            before = decided_again(self.before, message)
        elif message.stored is not None:
            before = message.stored
        else:
            raise ValueError(f"{message.label}: nothing to compare with")
        if not before.recipients or len(before.recipients) != len(after.recipients):
            # Nobody has kept them, or they are counted otherwise: the headline alone is compared.
            before, after = replace(before, recipients=()), replace(after, recipients=())
        return Replayed(
            label=message.label,
            message_id=message.message_id,
            came_at=message.came_at,
            before=before,
            after=after,
            why=differences(before, after),
        )


def decided_again(inspector: Inspector, message: PastMessage) -> Outcome:
    """The decision by these parts, as if at the time the message came."""
    then = replace(inspector, clock=MomentClock(message.came_at))
    return outcome_of(then.inspect(message.raw, message.envelope, verified=message.authentication))


def outcome_of(inspection: Inspection) -> Outcome:
    headline, assessment = inspection.headline, inspection.assessment
    platform = assessment.platform
    # What has gone out already, as a Sent folder shows, can be reported and no longer held.
    is_sent = inspection.envelope.is_sent_folder
    return Outcome(
        verdict=headline.verdict,
        row=headline.row.code,
        disposition=headline.disposition,
        report=headline.report,
        level=headline.level,
        to=tuple(inspection.route.to) if headline.report is not ReportWhen.NONE else (),
        withheld_from=tuple(inspection.route.withheld_from),
        recipients=tuple(
            (Disposition.DELIVER if is_sent else outcome.disposition, outcome.row.code)
            for outcome in inspection.decision.outcomes
        ),
        initiator=assessment.initiator.value,
        nature=assessment.shown_nature.value if assessment.shown_nature is not None else "",
        persons=tuple(sorted({match.person.id for match in assessment.matches})),
        platform=f"{platform.id} {platform.event.value}" if platform is not None else "",
        signals=frozenset(signal.code.code for signal in assessment.signals),
    )


def differences(before: Outcome, after: Outcome) -> tuple[str, ...]:
    """Which evidence differs, in codes and ids: "+child-voice", "-P0003", "initiator other to probable-child"."""
    if before.is_partly_known:
        return ()
    said: list[str] = []
    for what, old, new in (
        ("initiator", before.initiator, after.initiator),
        ("nature", before.nature, after.nature),
        ("platform", before.platform, after.platform),
    ):
        if old != new:
            said.append(f"{what} {old or 'none'} to {new or 'none'}")
    for one, other, sign in ((before, after, "-"), (after, before, "+")):
        codes = sorted((one.signals - other.signals) - _UNINTERESTING)
        said.extend(f"{sign}{code}" for code in codes)
        said.extend(f"{sign}{person}" for person in one.persons if person not in other.persons)
    return tuple(said)


COUNTED = (
    "child-report-lost",
    "child-report-later",
    "report-no-longer",
    "report-later",
    "hold-no-longer",
    "new-hold",
    "report-new",
)


@dataclass(slots=True)
class Tally:
    """What a whole replay came to, counted as its messages pass.

    ``rows``: "D7 to D3" → how many; ``unread``: (label, why) of messages that could not be decided again; ``closed``:
    how many of the messages are of cases that are closed to somebody.
    """

    messages: int = 0
    closed: int = 0
    changed: int = 0
    marks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    rows: dict[str, int] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def add(self, replayed: Replayed) -> None:
        self.messages += 1
        self.closed += replayed.is_closed_to_some
        if not replayed.is_changed:
            return
        self.changed += 1
        for mark in replayed.marks:
            self.marks[mark] += 1
        move = f"{replayed.before.row} to {replayed.after.row}"
        self.rows[move] = self.rows.get(move, 0) + 1

    @property
    def child_reports_lost(self) -> int:
        """Lost or late: either breaks the promise that a child's contact is reported at once."""
        return self.marks["child-report-lost"] + self.marks["child-report-later"]

    def as_dict(self) -> Mapping[str, Any]:
        return {
            "messages": self.messages,
            "changed": self.changed,
            **{mark.replace("-", "_"): count for mark, count in self.marks.items()},
            "rows": dict(sorted(self.rows.items(), key=lambda entry: (-entry[1], entry[0]))),
            "unread": [{"label": label, "why": why} for label, why in self.unread],
        }
