"""Requests to take a comment down: written from a case, followed up until it is gone, all on the record.

Whoever may not see the case may not see its request. mailguard sends the letter to nobody: it never writes to
people outside (DESIGN, promise 8); a person sends it and notes what came of it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from mailguard.app.concern_form import MOST_LINE, MOST_WORDS, is_web_address, plain_text
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.own_mail import one_line
from mailguard.app.ports_store import AuditEntry, CaseRecord, Store, Transaction
from mailguard.app.take_down_letter import About, Letter, letter_text
from mailguard.app.take_down_records import TakeDown, TakeDownNote
from mailguard.domain.take_down import TakeDownState, states_after
from mailguard.domain.typed import whole_number

TAG_WRITTEN = "review:take-down:written"
TAG_NOTED = "review:take-down:noted"
ANSWER_DAYS = 7
_MOST_RECIPIENT_LINES = 8
MOST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDownAnswers:
    """As typed. ``days``: until an answer is asked for, and the school reminded."""

    url: str = ""
    platform: str = ""
    seen_on: str = ""
    recipient: str = ""
    about: str = About.PUPIL.value
    quoted: str = ""
    is_quoted_in_letter: bool = False
    days: str = str(ANSWER_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signs: account id, name, the title as the school says it, and where an answer goes."""

    account_id: str
    name: str
    title: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTakeDown:
    """``id`` "" when something is to be put right: ``problems`` by field."""

    id: str
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTakeDown:
    """One that wants doing: not sent yet, or its day has come."""

    take_down: TakeDown
    case: CaseRecord


class TakeDownBook:
    def __init__(self, store: Store, settings: EffectsSettings) -> None:
        self._store = store
        self._settings = settings

    def suggested(self, case: CaseRecord) -> TakeDownAnswers:
        """What the case knows already."""
        further = case.decision.further
        platform = str((case.decision.platform or {}).get("id", ""))
        return TakeDownAnswers(
            url=str(further.get("url", "")),
            platform=str(further.get("platform_name", ""))
            or (self._settings.platform_name(platform) if platform else ""),
            quoted=str(further.get("quoted", "")),
            # The letter states it, so somebody has to say it.
            about="",
        )

    def write(self, case_id: str, answers: TakeDownAnswers, signature: Signature) -> WrittenTakeDown:
        """{request, letter, audit}. Raises LookupError for a case that is none."""
        problems = _problems(answers)
        if problems:
            return WrittenTakeDown(id="", problems=problems)
        take_down_id = secrets.token_hex(16)
        with self._store.transaction() as transaction:
            case = transaction.cases.find(case_id)
            if case is None:
                raise LookupError(case_id)
            day = transaction.now.astimezone(self._settings.hours.zone).date()
            letter = self._letter(case, answers, signature, transaction, day)
            text = letter_text(letter)
            transaction.take_downs.add(
                TakeDown(
                    id=take_down_id,
                    case_id=case_id,
                    state=TakeDownState.WRITTEN,
                    made_at=transaction.now,
                    made_by=signature.account_id,
                    updated_at=transaction.now,
                    remind_on=letter.by_day,
                    quoted=plain_text(answers.quoted),
                    letter=letter,
                    text=text,
                )
            )
            detail = {
                "take_down": take_down_id,
                "evidence_sha256": letter.evidence_sha256,
                "letter_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "remind_on": letter.by_day.isoformat() if letter.by_day else "",
            }
            transaction.audit.append(
                AuditEntry(tag=TAG_WRITTEN, actor=signature.account_id, case_id=case_id, detail=detail)
            )
        return WrittenTakeDown(id=take_down_id)

    def note(
        self,
        take_down_id: str,
        *,
        expected: TakeDownState,
        state: TakeDownState,
        note: str,
        remind_on: date | None,
        by: str,
    ) -> bool:
        """What came of it. False when somebody has noted something else first, or the state may not follow."""
        with self._store.transaction() as transaction:
            take_down = transaction.take_downs.find(take_down_id)
            if take_down is None or state not in states_after(expected):
                return False
            until = None if state.is_over else remind_on
            if not transaction.take_downs.move(take_down_id, expected=expected, state=state, remind_on=until):
                return False
            text = plain_text(note)[:MOST_WORDS]
            transaction.take_downs.add_note(
                TakeDownNote(take_down_id=take_down_id, at=transaction.now, by=by, state=state, note=text)
            )
            detail = {
                "take_down": take_down_id,
                "before": expected,
                "state": state,
                "remind_on": until.isoformat() if until else "",
                "has_note": bool(text),
            }
            transaction.audit.append(
                AuditEntry(tag=TAG_NOTED, actor=by, case_id=take_down.case_id, detail=detail)
            )
        return True

    def _letter(
        self,
        case: CaseRecord,
        answers: TakeDownAnswers,
        signature: Signature,
        transaction: Transaction,
        day: date,
    ) -> Letter:
        quoted = plain_text(answers.quoted)
        messages = transaction.cases.messages(case.id)
        # The text itself where there is one: whoever has the comment can count its hash.
        is_text = bool(quoted) or not messages
        digest = hashlib.sha256(quoted.encode()).hexdigest() if is_text else messages[0].sha256
        days = whole_number(answers.days.strip(), most=MOST_DAYS) or 0
        return Letter(
            school_name=self._settings.school_name,
            recipient=_recipient(answers.recipient),
            case_id=case.id,
            about=About(answers.about),
            url=one_line(answers.url, limit=2000),
            platform=one_line(answers.platform, limit=MOST_LINE),
            seen_on=one_line(answers.seen_on, limit=MOST_LINE),
            quoted=quoted if answers.is_quoted_in_letter else "",
            evidence_sha256=digest,
            is_evidence_text=is_text,
            signed_name=signature.name,
            signed_title=signature.title,
            answer_to=signature.address,
            written_on=day,
            by_day=day + timedelta(days=days) if days else None,
        )


def due_take_downs(
    transaction: Transaction, may_see: Callable[[CaseRecord], bool], *, today: date
) -> tuple[DueTakeDown, ...]:
    """What a reader has to do: letters not sent a day after they were written, and reminders whose day has come."""
    found = []
    for take_down in transaction.take_downs.unfinished():
        is_due = (take_down.remind_on is not None and take_down.remind_on <= today) or (
            take_down.state is TakeDownState.WRITTEN
            and take_down.made_at < transaction.now - timedelta(days=1)
        )
        case = transaction.cases.find(take_down.case_id) if is_due else None
        if case is not None and may_see(case):
            found.append(DueTakeDown(take_down=take_down, case=case))
    return tuple(found)


def _problems(answers: TakeDownAnswers) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not is_web_address(one_line(answers.url, limit=2000)):
        problems["url"] = "Give the address of the comment. Copy it from the browser; it begins with https://"
    if not answers.platform.strip():
        problems["platform"] = "Say which app or site it is."
    if not _recipient(answers.recipient):
        problems["recipient"] = (
            "Say who gets the letter: the site's complaints desk, or whoever runs the page."
        )
    if answers.about not in set(About):
        problems["about"] = "Choose whom it concerns."
    if len(answers.quoted) > MOST_WORDS:
        problems["quoted"] = f"This is longer than {MOST_WORDS:,} characters."
    days = answers.days.strip()
    if days and not whole_number(days, most=MOST_DAYS):
        problems["days"] = f"Write a number of days from 1 to {MOST_DAYS}, or leave it empty."
    return problems


def _recipient(text: str) -> str:
    lines = [one_line(line, limit=200) for line in text.splitlines()]
    return "\n".join([line for line in lines if line][:_MOST_RECIPIENT_LINES])
