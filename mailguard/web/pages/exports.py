"""Screen 6, what leaves mailguard: evidence packs, chronologies, answers to requests, the governors' report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from starlette.responses import Response

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.chronology_export import Side
from mailguard.app.evidence_material import PackForm
from mailguard.app.export_making import MadeExport, ReasonMissing
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord, ExportState
from mailguard.app.person_cases import UnknownPerson
from mailguard.app.ports import PermanentFailure
from mailguard.app.ports_store import Transaction
from mailguard.app.terms import term_named, term_of, terms_around
from mailguard.domain.case import CASE_ID
from mailguard.domain.typed import calendar_day
from mailguard.web.charts import picture
from mailguard.web.downloads import download, maker_of
from mailguard.web.routing import get, post
from mailguard.web.visit import NotHere, Visit

_NEWEST = 30
_MOST_REASON = 1_000
KIND_WORDS = {
    ExportKind.EVIDENCE: "Evidence pack",
    ExportKind.CHRONOLOGY: "Chronology",
    ExportKind.SUBJECT_ACCESS: "Subject access",
    ExportKind.FOI: "Freedom of information",
    ExportKind.GOVERNORS: "Governors' report",
}
PACK_PURPOSES = tuple(
    (purpose.value, purpose.says[:1].upper() + purpose.says[1:])
    for purpose in (
        ExportPurpose.POLICE,
        ExportPurpose.CHILDREN_SERVICES,
        ExportPurpose.COURT,
        ExportPurpose.SCHOOL_RECORD,
        ExportPurpose.OTHER,
    )
)
_REASON = "Say why in a few words: it is kept with the export."
_NO_CASE = "There is no such case."
_NO_PERSON = "That is neither a person's id on the lists nor an e-mail address."


def hub(visit: Visit) -> Response:
    with visit.site.store.reading() as transaction:
        # Bounded after what is closed is left out: a list that is short by one would tell.
        known = (each for each in transaction.exports.newest() if _may_know_of(each, visit, transaction))
        names = {account.id: account.name for account in transaction.accounts.all()}
        shown = [
            _export_row(export, names, is_own=export.by == visit.account.id)
            for export in islice(known, _NEWEST)
        ]
    return visit.page("exports.html", exports=shown)


def _may_know_of(export: ExportRecord, visit: Visit, transaction: Transaction) -> bool:
    """Not of what was taken out of a closed case, nor of what others took out about this person."""
    if export.case_id:
        return visit.site.review.queue.is_open_to(export.case_id, visit.account, transaction)
    is_of_person = export.kind in {ExportKind.CHRONOLOGY, ExportKind.SUBJECT_ACCESS}
    is_own = export.by == visit.account.id
    return is_own or not is_of_person or not visit.site.readers.is_about(export.about, visit.account.address)


def _export_row(export: ExportRecord, names: Mapping[str, str], *, is_own: bool) -> dict[str, Any]:
    return {
        "id": export.id,
        "kind": KIND_WORDS[export.kind],
        "at": export.at,
        "by": names.get(export.by, export.by),
        "purpose": export.purpose.says,
        "about": export.case_id or export.about,
        "case_id": export.case_id,
        # Another's words about a person may tell of a case that is closed to the reader.
        "reason": export.reason if export.case_id or is_own else "",
        "sha256": export.sha256,
        "is_draft": is_own and export.state is ExportState.DRAFT and export.kind is ExportKind.SUBJECT_ACCESS,
    }


def pack(visit: Visit) -> Response:
    return _pack_form(visit, form=PackForm.WITHHELD)


def pack_do(visit: Visit) -> Response:
    return _make_pack(visit, PackForm.WITHHELD)


def pack_whole(visit: Visit) -> Response:
    """The same with sealed parts: only soon after the person proved who they are."""
    case_id = visit.path("case_id")
    with visit.site.store.reading() as transaction:
        if not visit.site.review.queue.is_open_to(case_id, visit.account, transaction):
            raise NotHere
    return _pack_form(visit, form=PackForm.WHOLE, case_id=case_id)


def pack_whole_do(visit: Visit) -> Response:
    if visit.form.text("understood") != "yes":
        return _pack_form(
            visit,
            form=PackForm.WHOLE,
            case_id=visit.path("case_id"),
            problem="Tick the box when you have read it.",
        )
    return _make_pack(visit, PackForm.WHOLE, case_id=visit.path("case_id"))


def _make_pack(visit: Visit, form: PackForm, *, case_id: str = "") -> Response:
    wanted = case_id or visit.form.text("case").upper()
    again = partial(_pack_form, visit, form=form, case_id=wanted)
    purpose = _purpose(visit)
    if purpose is None:
        return again(problem="Choose what the pack is for.")
    make = partial(
        visit.site.exports.packs.make,
        wanted,
        by=maker_of(visit),
        purpose=purpose,
        reason=_reason(visit),
        form=form,
    )
    return _made(make, again)


def _pack_form(visit: Visit, *, form: PackForm, case_id: str = "", problem: str = "") -> Response:
    wanted = case_id or visit.form.text("case") or visit.query("case")
    return visit.page(
        "export_pack.html",
        status=422 if problem else 200,
        problem=problem,
        is_whole=form is PackForm.WHOLE,
        case_id=wanted if CASE_ID.fullmatch(wanted.upper()) else "",
        given=_given(visit, "purpose", "reason") | {"case": wanted},
        purposes=PACK_PURPOSES,
        public_key=str(visit.site.trail.verifier_key),
    )


def chronology(visit: Visit) -> Response:
    return _chronology_form(visit)


def chronology_do(visit: Visit) -> Response:
    about, side = visit.form.text("about"), visit.form.text("side")
    again = partial(_chronology_form, visit)
    service = visit.site.exports.chronologies
    why: Mapping[str, Any] = {
        "by": maker_of(visit),
        "purpose": ExportPurpose.SCHOOL_RECORD,
        "reason": _reason(visit),
    }
    if CASE_ID.fullmatch(about.upper()):
        if side not in set(Side):
            return again(problem="Choose whose record it is for: pupil and staff records are kept apart.")
        return _made(partial(service.of_case, about.upper(), Side(side), **why), again)
    return _made(partial(service.of_person, about, **why), again)


def _chronology_form(visit: Visit, *, problem: str = "") -> Response:
    given = _given(visit, "about", "side", "reason")
    given["about"] = given["about"] or visit.query("case")
    return visit.page("export_chronology.html", status=422 if problem else 200, problem=problem, given=given)


def foi(visit: Visit) -> Response:
    return _foi_form(visit)


def foi_do(visit: Visit) -> Response:
    again = partial(_foi_form, visit)
    first, last = (calendar_day(visit.form.text(name)) for name in ("from", "until"))
    if first is None or last is None:
        return again(problem="Give the first and the last day.")
    if last < first:
        return again(problem="The last day is before the first.")
    make = partial(visit.site.exports.foi.make, first, last, by=maker_of(visit), reason=_reason(visit))
    return _made(make, again)


def _foi_form(visit: Visit, *, problem: str = "") -> Response:
    given = _given(visit, "from", "until", "reason")
    return visit.page("export_foi.html", status=422 if problem else 200, problem=problem, given=given)


def governors(visit: Visit) -> Response:
    return _governors_page(visit)


def governors_do(visit: Visit) -> Response:
    again = partial(_governors_page, visit)
    make = partial(
        visit.site.exports.governors.make,
        visit.form.text("term"),
        by=maker_of(visit),
        reason=_reason(visit),
    )
    try:
        term_named(visit.form.text("term"), visit.site.effects.hours.terms)
    except ValueError:
        return again(problem="Choose a term.")
    return _made(make, again)


def _governors_page(visit: Visit, *, problem: str = "") -> Response:
    configured = visit.site.effects.hours.terms
    wanted = visit.form.text("term") or visit.query("term")
    try:
        term = term_named(wanted, configured) if wanted else term_of(visit.site.today, configured)
    except ValueError:
        raise NotHere from None
    document = visit.site.exports.governors.document(term, by=maker_of(visit), made_at=visit.now)
    terms = [
        each for each in terms_around(visit.site.today, configured) if each.days.first_day <= visit.site.today
    ]
    return visit.page(
        "governors.html",
        status=422 if problem else 200,
        problem=problem,
        term=term,
        terms=sorted(terms, key=lambda each: each.days.first_day, reverse=True),
        document=document,
        kind_of=lambda block: type(block).__name__.lower(),
        picture_of=lambda block: picture(block.svg.encode()),
        given=_given(visit, "reason"),
    )


def _made(make: Callable[[], MadeExport], again: Callable[..., Response]) -> Response:
    """The file, or the form once more with what is wrong."""
    try:
        return download(make())
    except UnknownCase:
        return again(problem=_NO_CASE)
    except UnknownPerson:
        return again(problem=_NO_PERSON)
    except ReasonMissing:
        return again(problem=_REASON)
    except PermanentFailure as problem:
        return again(problem=f"It could not be made: {problem}.")


def _purpose(visit: Visit) -> ExportPurpose | None:
    word = visit.form.text("purpose")
    return ExportPurpose(word) if word in set(ExportPurpose) else None


def _reason(visit: Visit) -> str:
    return visit.form.text("reason")[:_MOST_REASON]


def _given(visit: Visit, *names: str) -> dict[str, str]:
    return {name: visit.form.text(name) for name in names}


routes = (
    get("audit.exports", "/audit/exports", hub),
    get("audit.pack", "/audit/pack", pack),
    post("audit.pack.do", "/audit/pack", pack_do, is_costly=True),
    get("audit.pack.whole", "/audit/pack/{case_id}/whole", pack_whole),
    post("audit.pack.whole.do", "/audit/pack/{case_id}/whole", pack_whole_do, is_costly=True),
    get("audit.chronology", "/audit/chronology", chronology),
    post("audit.chronology.do", "/audit/chronology", chronology_do, is_costly=True),
    get("audit.foi", "/audit/foi", foi),
    post("audit.foi.do", "/audit/foi", foi_do, is_costly=True),
    get("audit.governors", "/audit/governors", governors, is_costly=True),
    post("audit.governors.do", "/audit/governors", governors_do, is_costly=True),
)
