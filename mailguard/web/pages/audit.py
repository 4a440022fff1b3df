"""Screen 6, the trail: filtered, proved on request. Content is nowhere in it, so the auditor sees it, too.

The admin sees what happened and when, not the details of an event, which name persons by id.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import Response

from mailguard.app.ports_store import AuditRecord
from mailguard.app.trail_reading import TrailPage, TrailQuery
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import Verification
from mailguard.domain.typed import calendar_day, whole_number
from mailguard.web.downloads import maker_of
from mailguard.web.routing import get, post
from mailguard.web.visit import Visit

_MOST_SEQ = 10**11
KINDS = (
    ("", "everything"),
    ("gate:", "mail received"),
    ("review:case:", "decisions of people"),
    ("effects:report:", "reports"),
    ("effects:", "everything sent or moved"),
    ("review:export:", "exports"),
    ("review:case:viewed", "who read which case"),
    ("review:part:", "sealed parts opened"),
    ("glass:", "break-glass"),
    ("review:account:", "sign-in"),
    ("accounts:", "accounts"),
    ("lists:", "lists"),
    ("model:", "the model"),
    ("rota:", "who is away"),
    ("daemon:", "the service"),
)
_FIELDS = ("case", "person", "kind", "from", "until")


def show(visit: Visit) -> Response:
    return _page(visit)


def verify(visit: Visit) -> Response:
    """The answer is shown at once: there is nothing in it to come back to."""
    return _page(visit, verification=visit.site.trail.verify())


def whole_trail(visit: Visit) -> Response:
    """Every event with the checkpoints, for ``mailguard audit verify --export``; what is closed to them withheld."""
    is_auditor = visit.account.role is SiteRole.AUDITOR
    opening = visit.site.trail_reading.opening(maker_of(visit), shows_links=is_auditor)
    lines = "".join(visit.site.trail.export(actor=visit.account.id, opening=opening))
    headers = {"Content-Disposition": 'attachment; filename="trail.jsonl"', "Cache-Control": "no-store"}
    return Response(lines, media_type="application/jsonl; charset=utf-8", headers=headers)


def _page(visit: Visit, *, verification: Verification | None = None) -> Response:
    given = {name: visit.query(name) for name in _FIELDS}
    if visit.account.role is SiteRole.ADMIN:
        # Whose a case is, is not for IT.
        given["person"] = ""
    query, problem = _query(given, visit)
    reading = visit.site.trail_reading
    is_auditor = visit.account.role is SiteRole.AUDITOR
    page = reading.page(query, by=maker_of(visit), shows_links=is_auditor)
    return visit.page(
        "audit.html",
        given=given,
        is_filtered=any(given.values()),
        problem=problem or page.problem,
        kinds=KINDS,
        events=[_event(event, page) for event in page.events],
        newer=_url(visit, given) if query.before_seq else "",
        older=_url(visit, given | {"before": str(page.next_before)}) if page.next_before else "",
        state=reading.state(),
        public_key=str(visit.site.trail.verifier_key),
        verification=verification,
        is_auditor=is_auditor,
        may_export=visit.account.reads_content,
        is_admin=visit.account.role is SiteRole.ADMIN,
    )


def _query(given: dict[str, str], visit: Visit) -> tuple[TrailQuery, str]:
    """What the address asks for, and what is wrong with it."""
    zone = visit.site.zone
    first, last = _day(given["from"]), _day(given["until"])
    problem = "Write a day like 2026-09-28." if None in (first, last) else ""
    query = TrailQuery(
        case_id=given["case"].upper(),
        person=given["person"],
        tag_start=given["kind"] if given["kind"] in dict(KINDS) else "",
        at_from=_midnight(first, zone) if isinstance(first, date) else None,
        at_before=_midnight(last + timedelta(days=1), zone) if isinstance(last, date) else None,
        before_seq=whole_number(visit.query("before"), most=_MOST_SEQ) or 0,
    )
    return query, problem


def _day(text: str) -> date | str | None:
    """A day, "" for none given, None for something else."""
    if not text:
        return ""
    return calendar_day(text)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _url(visit: Visit, given: dict[str, str]) -> str:
    kept = {name: value for name, value in given.items() if value}
    return visit.url("audit") + (f"?{urlencode(kept)}" if kept else "")


def _event(event: AuditRecord, page: TrailPage) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "tag": event.tag,
        "title": page.words.heading(event),
        "says": page.words.sentence(event).removeprefix(page.words.heading(event)).removeprefix(": "),
        "actor": page.words.actor(event.actor),
        "case_id": event.case_id,
        "detail": json.dumps(event.detail, indent=1, ensure_ascii=False, sort_keys=True),
        "hash": event.hash,
    }


routes = (
    get("audit", "/audit", show),
    post("audit.verify", "/audit/verify", verify, is_costly=True),
    post("audit.trail", "/audit/trail", whole_trail, is_costly=True),
)
