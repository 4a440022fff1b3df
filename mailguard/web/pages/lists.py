"""People and lists: look up, add, change, import, put back. Every change is a draft that is looked at first.

SECURITY: names and addresses, no content of mail; admin and chain may see them. An export is on the record, and no
cell of it runs in a spreadsheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from mailguard.app.list_diff import KEYS
from mailguard.app.list_editing import CannotApply, ListEditing, Proposal, UnknownDraft
from mailguard.app.list_files import COLUMNS, ListName
from mailguard.app.list_table import TableRow, export
from mailguard.app.list_warnings import Gravity
from mailguard.app.list_words import COLUMN_WORDS, LIST_WORDS, is_required
from mailguard.app.ports import PermanentFailure
from mailguard.domain.people import Person
from mailguard.domain.typed import calendar_day, whole_number
from mailguard.domain.words import PersonList
from mailguard.web.access import ROUTES
from mailguard.web.rendering import plural
from mailguard.web.routing import get, post
from mailguard.web.visit import NotAllowed, NotHere, Visit

_ROWS_A_PAGE = 25
_MOST_FOUND = 100
_MOST_SHOWN = 60
_MOST_HISTORY = 200
_READ_WITHIN = timedelta(minutes=1)
TAG_SEARCHED = "review:people:searched"
TAG_EXPORTED = "lists:list:exported"


@dataclass(frozen=True, slots=True)
class ListLine:
    """One list on the first page."""

    name: ListName
    count: int
    is_editable: bool
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    person: Person
    line: int


# The first page


def overview(visit: Visit) -> Response:
    editing, lists = visit.site.editing, visit.site.directory()
    wanted = visit.query("q")
    found = _search(visit, wanted) if wanted else []
    if wanted:
        visit.site.trail.append(TAG_SEARCHED, actor=visit.account.id, detail={"found": len(found)})
    lines = [
        ListLine(name, lists.counts[name], name in editing.names, _ended(visit, name)) for name in ListName
    ]
    return visit.page(
        "lists.html",
        lines=lines,
        words=LIST_WORDS,
        wanted=wanted,
        found=found[:_MOST_FOUND],
        found_count=len(found),
        person_lists={PersonList.PUPILS: "pupil", PersonList.PARENTS: "parent", PersonList.STAFF: "staff"},
        behind=_behind(visit),
        keeps=_keeps(visit),
    )


def _keeps(visit: Visit) -> bool:
    """Whether this person may change the lists, or only look at them."""
    return visit.account.role in ROUTES["lists.row"].roles


def _search(visit: Visit, wanted: str) -> list[Found]:
    """Everybody whose name, id, address or account has these words in it."""
    words = wanted.casefold().split()
    found = []
    for person in visit.site.directory().people():
        text = " ".join((person.id, person.name, *person.addresses, *person.handles)).casefold()
        if all(word in text for word in words):
            line = person.source.rpartition(":")[2]
            found.append(Found(person, whole_number(line) or 0))
    return found


def _behind(visit: Visit) -> str:
    """Nothing when the files are what is in force; "reading" when they were just changed here; "stuck" when refused."""
    editing = visit.site.editing
    try:
        if editing.version() == visit.site.directory().version:
            return ""
    except PermanentFailure:
        return "stuck"
    newest = [version.at for name in editing.names for version in editing.history(name, limit=1)]
    return "reading" if newest and visit.now - max(newest) < _READ_WITHIN else "stuck"


def _ended(visit: Visit, name: ListName) -> int:
    """How many rows of a list no longer count, because their last day is over."""
    if "expires" not in COLUMNS[name].known or name not in visit.site.editing.names:
        return 0
    return sum(_has_ended(row.fields, visit.site.today) for row in visit.site.editing.table(name).rows)


def _has_ended(fields: Mapping[str, str], today: date) -> bool:
    last_day = calendar_day(fields.get("expires", ""))
    return last_day is not None and last_day < today


# One list


def show(visit: Visit) -> Response:
    name = _name(visit)
    editing = visit.site.editing
    table = editing.table(name)
    wanted = visit.query("q").casefold().split()
    rows = [row for row in table.rows if _fits(row, wanted)]
    number = visit.page_number
    pages = max((len(rows) + _ROWS_A_PAGE - 1) // _ROWS_A_PAGE, 1)
    start = (min(number, pages) - 1) * _ROWS_A_PAGE
    shown = rows[start : start + _ROWS_A_PAGE]
    query = f"q={visit.query('q')}&" if wanted else ""
    return visit.page(
        "lists_list.html",
        name=name,
        words=LIST_WORDS[name],
        columns=[column for column in COLUMNS[name].known if column in table.columns],
        labels=COLUMN_WORDS[name],
        key=KEYS[name][0],
        rows=shown,
        ended={row.line for row in shown if _has_ended(row.fields, visit.site.today)},
        count=len(rows),
        total=len(table.rows),
        first=start + 1 if shown else 0,
        last=start + len(shown),
        previous=f"?{query}page={number - 1}" if number > 1 else "",
        next=f"?{query}page={number + 1}" if number < pages else "",
        wanted=visit.query("q"),
        version=editing.version(),
        is_writable=editing.is_writable(name),
        behind=_behind(visit),
        keeps=_keeps(visit),
    )


def _fits(row: TableRow, wanted: Sequence[str]) -> bool:
    text = " ".join(row.fields.values()).casefold()
    return bool(text.strip()) and all(word in text for word in wanted)


def _name(visit: Visit) -> ListName:
    """Raises NotHere for no list, and for one that the settings do not name."""
    text = visit.path("name")
    if text not in set(ListName) or ListName(text) not in visit.site.editing.names:
        raise NotHere
    return ListName(text)


def export_list(visit: Visit) -> Response:
    name = _name(visit)
    content = export(visit.site.editing.table(name))
    visit.site.trail.append(TAG_EXPORTED, actor=visit.account.id, detail={"list": name})
    return _file(f"{name.value}.csv", content)


def _file(name: str, content: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


# Proposing


def row_form(visit: Visit) -> Response:
    name = _name(visit)
    line = whole_number(visit.query("line")) or 0
    row = visit.site.editing.table(name).row(line) if line else None
    if line and row is None:
        raise NotHere
    # A case's page asks for a new row with the sender's address in it.
    asked = {column: visit.query(column)[:300] for column in COLUMN_WORDS[name]}
    fields = dict(row.fields) if row is not None else asked
    return _row_page(visit, name, fields, line=line, version=visit.site.editing.version())


def _row_page(
    visit: Visit,
    name: ListName,
    fields: Mapping[str, str],
    *,
    line: int,
    version: str,
    problem: str = "",
    status: int = 200,
) -> Response:
    columns = [
        {
            "name": column,
            "words": COLUMN_WORDS[name][column],
            "value": fields.get(column, ""),
            "is_required": is_required(name, column),
        }
        for column in COLUMNS[name].known
    ]
    return visit.page(
        "lists_row.html",
        status=status,
        name=name,
        words=LIST_WORDS[name],
        columns=columns,
        line=line,
        version=version,
        problem=problem,
    )


def propose_row(visit: Visit) -> Response:
    name = _name(visit)
    fields = {column: " ".join(visit.form.text(column).split()) for column in COLUMNS[name].known}
    line = whole_number(visit.form.text("line")) or 0
    version = visit.form.text("version")
    try:
        draft_id = visit.site.editing.propose_row(
            name, fields, by=visit.account.id, line=line, version=version
        )
    except CannotApply as problem:
        return _row_page(visit, name, fields, line=line, version=version, problem=str(problem), status=409)
    return visit.to("lists.draft", draft_id=draft_id)


def propose_removal(visit: Visit) -> Response:
    name = _name(visit)
    line = whole_number(visit.form.text("line"))
    try:
        draft_id = visit.site.editing.propose_removal(
            name,
            -1 if line is None else line,
            by=visit.account.id,
            version=visit.form.text("version"),
        )
    except CannotApply as problem:
        return visit.to("lists.list", name=name.value, flash=str(problem), is_problem=True)
    return visit.to("lists.draft", draft_id=draft_id)


def import_form(visit: Visit) -> Response:
    return _import_page(visit, _name(visit))


def _import_page(visit: Visit, name: ListName, *, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "lists_import.html",
        status=status,
        name=name,
        words=LIST_WORDS[name],
        columns=COLUMNS[name].known,
        required=COLUMNS[name].required,
        problem=problem,
    )


def propose_import(visit: Visit) -> Response:
    name = _name(visit)
    upload = visit.form.file("file")
    if upload is None or not upload.content:
        return _import_page(visit, name, problem="Choose the file that the MIS exported.", status=422)
    try:
        draft_id = visit.site.editing.propose_import(name, upload.content, by=visit.account.id)
    except CannotApply as problem:
        return _import_page(visit, name, problem=str(problem), status=413)
    return visit.to("lists.draft", draft_id=draft_id)


# The draft


def show_draft(visit: Visit) -> Response:
    return _draft_page(visit, _proposal(visit))


def _proposal(visit: Visit) -> Proposal:
    try:
        return visit.site.editing.look(visit.path("draft_id"))
    except UnknownDraft:
        raise NotHere from None


def _draft_page(visit: Visit, proposal: Proposal, *, problem: str = "", status: int = 200) -> Response:
    diff = proposal.diff
    # Of a file that does not load a difference would say that everybody goes.
    most = 0 if proposal.problems else _MOST_SHOWN
    editing = visit.site.editing
    # Where the file itself has faults, what the others say of it only follows from them.
    own = [each for each in proposal.problems if diff.name in editing.lists_of((each,))]
    faults = own or proposal.problems
    faulty = editing.lists_of(faults)
    by_gravity = {
        gravity: [each.says for each in proposal.warnings if each.gravity is gravity] for gravity in Gravity
    }
    return visit.page(
        "lists_draft.html",
        status=status,
        proposal=proposal,
        diff=diff,
        name=diff.name,
        words=LIST_WORDS[diff.name],
        labels=COLUMN_WORDS[diff.name],
        columns=COLUMNS[diff.name].known,
        keys=KEYS[diff.name],
        added=diff.added[:most],
        removed=diff.removed[:most],
        changed=diff.changed[:most],
        loud=by_gravity[Gravity.LOUD],
        lowering=by_gravity[Gravity.LOWERS],
        shown_problems=[str(each) for each in faults[:_MOST_SHOWN]],
        fault_count=len(faults),
        elsewhere=() if own else [(each.value, LIST_WORDS[each].title) for each in faulty],
        made_by=_account_name(visit, proposal.draft.made_by),
        lost=[LIST_WORDS[name].title for name in proposal.lost],
        problem=problem,
        reason=visit.form.text("reason"),
    )


def apply_draft(visit: Visit) -> Response:
    editing = visit.site.editing
    try:
        version = editing.apply(
            visit.path("draft_id"),
            by=visit.account.id,
            reason=visit.form.text("reason"),
            is_confirmed=bool(visit.form.text("is_meant")),
        )
    except UnknownDraft:
        raise NotHere from None
    except (CannotApply, PermanentFailure) as problem:
        return _draft_page(visit, _proposal(visit), problem=str(problem), status=409)
    done = f"{plural(version.added, 'row')} added, {version.changed} changed, {version.removed} gone."
    return visit.to("lists.list", name=version.list.value, flash=f"Applied: {done} In force within seconds.")


def drop_draft(visit: Visit) -> Response:
    proposal = _proposal(visit)
    visit.site.editing.drop(visit.path("draft_id"), by=visit.account.id)
    return visit.to("lists.list", name=proposal.diff.name.value, flash="Dropped. Nothing was changed.")


def draft_file(visit: Visit) -> Response:
    """For IT to put in place, where the site may not write. Not for a spreadsheet: as the daemon reads it."""
    draft = _proposal(visit).draft
    visit.site.trail.append(
        TAG_EXPORTED, actor=visit.account.id, detail={"list": draft.list, "draft": draft.id}
    )
    return _file(f"{draft.list.value}.csv", draft.content)


# What was


def history(visit: Visit) -> Response:
    name = _name(visit)
    versions = visit.site.editing.history(name, limit=_MOST_HISTORY)
    people = {version.by: _account_name(visit, version.by) for version in versions}
    return visit.page(
        "lists_history.html",
        name=name,
        words=LIST_WORDS[name],
        versions=versions,
        people=people,
        keeps=_keeps(visit),
    )


def restore(visit: Visit) -> Response:
    name = _name(visit)
    number = whole_number(visit.form.text("number")) or 0
    try:
        draft_id = visit.site.editing.propose_restoring(name, number, by=visit.account.id)
    except UnknownDraft:
        raise NotAllowed("There is no such version.") from None
    return visit.to("lists.draft", draft_id=draft_id)


def _account_name(visit: Visit, account_id: str) -> str:
    if account_id == ListEditing.OUTSIDE:
        return "on the server"
    with visit.site.store.reading() as transaction:
        account = transaction.accounts.find(account_id)
    return account.name if account is not None else account_id


routes = (
    get("lists", "/lists", overview),
    get("lists.draft", "/lists/drafts/{draft_id}", show_draft, is_costly=True),
    post("lists.draft.apply", "/lists/drafts/{draft_id}", apply_draft, is_costly=True),
    post("lists.draft.drop", "/lists/drafts/{draft_id}/drop", drop_draft),
    get("lists.draft.file", "/lists/drafts/{draft_id}/file.csv", draft_file),
    get("lists.list", "/lists/{name}", show),
    get("lists.row", "/lists/{name}/row", row_form),
    post("lists.row.do", "/lists/{name}/row", propose_row),
    post("lists.row.remove", "/lists/{name}/remove", propose_removal),
    get("lists.import", "/lists/{name}/import", import_form),
    post("lists.import.do", "/lists/{name}/import", propose_import, takes_files=True),
    get("lists.history", "/lists/{name}/history", history),
    post("lists.restore", "/lists/{name}/restore", restore),
    get("lists.export", "/lists/{name}/export.csv", export_list),
)
