"""Changing the lists on the review page: propose, look at what would change, apply.

Every change, be it one row or a whole export, becomes a draft: a new content of one file, checked by the
loader the daemon uses, shown as a difference, and written only when somebody says yes to exactly that. A
draft made over lists that have changed since is refused. What was in force stays in the store and can be put
back. The daemon sees the new file and reloads.
FAILURE: killed between writing the file and the record of it, the file is in force and the daemon's own
record of a replaced list says so; ``note_outside`` then keeps the content.
Source: docs/adr/0012-lists-on-the-review-page.md.
"""

from __future__ import annotations

import csv
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.list_diff import ListDiff, diff_rows
from mailguard.app.list_files import ListFile, ListName, ListProblem, ListsProblem, Row, read_rows
from mailguard.app.list_records import ListDraft, ListVersion
from mailguard.app.list_table import ListTable, empty_table, imported, read_table
from mailguard.app.list_warnings import Gravity, ListWarning, lost_half, lowers_protection, warnings_of
from mailguard.app.list_words import LIST_WORDS
from mailguard.app.lists import IndexedLists, Surroundings, load_lists
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.domain.account import AccountState

MOST_BYTES = 8 * 1024 * 1024
DRAFT_HOURS = 12
VERSION_DAYS = 400
VERSIONS_KEPT = 5
"""A version is kept for so many days, and so many of each list in any case."""
TAG_PROPOSED = "lists:draft:made"
TAG_DROPPED = "lists:draft:dropped"
TAG_APPLIED = "lists:list:changed"
_SHOWN_IDS = 200
_STALE = "The lists have changed since this was proposed. Look at the difference again: make the change anew."


class ListWriter(Protocol):
    """Where the list files are."""

    def read(self, path: Path) -> bytes:
        """Raises PermanentFailure in words when it cannot be read."""
        ...

    def write(self, path: Path, content: bytes) -> None:
        """The whole file at once, durable, with the rights it had. Raises PermanentFailure in words."""
        ...

    def is_writable(self, path: Path) -> bool: ...


class CannotApply(Exception):
    """Why nothing was written, in words for the page."""


class UnknownDraft(LookupError):
    """It was applied, dropped, has grown too old, or never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A draft looked at. ``problems``: what the loader refuses; then there is no diff to apply.

    ``is_stale``: the lists have changed since it was made. ``lost``: it would halve these lists. ``lists``: before and
    after, None where one of them does not load.
    """

    draft: ListDraft
    diff: ListDiff
    warnings: tuple[ListWarning, ...] = ()
    problems: tuple[ListProblem, ...] = ()
    is_stale: bool = False
    lost: tuple[ListName, ...] = ()
    is_writable: bool = True
    lists: tuple[IndexedLists, IndexedLists] | None = None

    def parted(self, address: str) -> bool:
        """Whether somebody who is known by that address would no longer be."""
        if self.lists is None:
            return False
        old, new = ({person.id for person in each.by_address(address)} for each in self.lists)
        return not old <= new

    @property
    def needs_reason(self) -> bool:
        return lowers_protection(self.diff) or any(
            warning.gravity is Gravity.LOWERS for warning in self.warnings
        )

    @property
    def can_apply(self) -> bool:
        return not (self.problems or self.is_stale or self.lost or self.diff.is_empty) and self.is_writable


class ListEditing:
    """``files``: the lists that the settings name; others cannot be edited until they are named there.

    ``settings``: whom to tell of a change that lowers the protection.
    """

    OUTSIDE = "daemon"
    """Who put a version there that did not come by a draft."""

    def __init__(
        self,
        *,
        files: Sequence[ListFile],
        surroundings: Surroundings,
        store: Store,
        writer: ListWriter,
        settings: EffectsSettings,
        in_force: Callable[[], IndexedLists] | None = None,
    ) -> None:
        """``in_force``: the lists of the running process; loading them anew takes seconds with a long roll."""
        self._in_force = in_force
        self._settings = settings
        self._files = {file.name: file for file in files}
        self._surroundings = surroundings
        self._store = store
        self._writer = writer

    @property
    def names(self) -> tuple[ListName, ...]:
        """Those that can be edited, in the order of the settings."""
        return tuple(self._files)

    def is_writable(self, name: ListName) -> bool:
        return self._writer.is_writable(self._files[name].path)

    def table(self, name: ListName) -> ListTable:
        """As the file is now. Raises PermanentFailure when it cannot be read."""
        content = self._writer.read(self._files[name].path)
        try:
            return read_table(name, content)
        except csv.Error:
            return empty_table(name)

    def lists_of(self, problems: Sequence[ListProblem]) -> tuple[ListName, ...]:
        """In whose files the problems are: a change of one list may be refused for what another says."""
        files = {problem.file for problem in problems}
        return tuple(name for name, file in self._files.items() if file.shown in files)

    def version(self) -> str:
        """Of the files as they are now. Raises PermanentFailure when one cannot be read."""
        return self._version(self._contents())

    def lists(self) -> IndexedLists:
        """As the files are now, whether the daemon has them already or not. Raises ListsProblem."""
        return self._loaded(self._contents())

    def _loaded(self, contents: Mapping[ListName, bytes]) -> IndexedLists:
        running = self._in_force() if self._in_force is not None else None
        if running is not None and running.version == self._version(contents):
            return running
        return load_lists(tuple(self._files.values()), self._surroundings, contents=contents)

    # Proposing

    def propose_import(self, name: ListName, content: bytes, *, by: str) -> str:
        """The id of the draft. Raises CannotApply for what is too large to be a list."""
        if len(content) > MOST_BYTES:
            raise CannotApply(
                f"The file is larger than {MOST_BYTES // 1024 // 1024} MB: is it the right one?"
            )
        return self._propose(name, imported(name, content), by=by, says="import")

    def propose_row(
        self, name: ListName, fields: Mapping[str, str], *, by: str, line: int = 0, version: str = ""
    ) -> str:
        """Add a row, or change the one at ``line`` of the lists' ``version``. Raises CannotApply."""
        table = self._table_for(name, line, version)
        if line:
            return self._propose(name, table.with_change(line, fields).content(), by=by, says="row changed")
        return self._propose(name, table.with_row(fields).content(), by=by, says="row added")

    def propose_removal(self, name: ListName, line: int, *, by: str, version: str) -> str:
        """Raises CannotApply."""
        table = self._table_for(name, line, version)
        return self._propose(name, table.without(line).content(), by=by, says="row removed")

    def propose_restoring(self, name: ListName, number: int, *, by: str) -> str:
        """An earlier version as the new content. Raises UnknownDraft when there is none of that number."""
        with self._store.reading() as transaction:
            content = transaction.lists.content(name, number)
        if content is None:
            raise UnknownDraft(f"{name.value} {number}")
        return self._propose(name, content, by=by, says=f"version {number} put back")

    def _table_for(self, name: ListName, line: int, version: str) -> ListTable:
        if line and version != self._version(self._contents()):
            raise CannotApply("The lists have changed since this page was opened. Look at the row again.")
        table = self.table(name)
        if line and table.row(line) is None:
            raise CannotApply("This row is not there any more.")
        return table

    def _propose(self, name: ListName, content: bytes, *, by: str, says: str) -> str:
        draft_id = secrets.token_hex(16)
        base_version = self._version(self._contents())
        with self._store.transaction() as transaction:
            transaction.lists.put_draft(
                ListDraft(
                    id=draft_id,
                    list=name,
                    base_version=base_version,
                    made_at=transaction.now,
                    made_by=by,
                    says=says,
                    content=content,
                )
            )
            detail = {"list": name, "draft": draft_id, "says": says, "base": base_version}
            transaction.audit.append(AuditEntry(tag=TAG_PROPOSED, actor=by, detail=detail))
        return draft_id

    # Looking

    def look(self, draft_id: str) -> Proposal:
        """What a draft would change in the lists as they are now. Changes nothing. Raises UnknownDraft."""
        with self._store.reading() as transaction:
            draft = self._draft(draft_id, transaction)
        return self._proposal(draft)

    def _draft(self, draft_id: str, transaction: Transaction) -> ListDraft:
        draft = transaction.lists.draft(draft_id)
        if draft is None or draft.made_at < transaction.now - timedelta(hours=DRAFT_HOURS):
            raise UnknownDraft(draft_id)
        return draft

    def _proposal(self, draft: ListDraft) -> Proposal:
        file = self._files[draft.list]
        contents = self._contents()
        problems: list[ListProblem] = []
        old_rows = read_rows(file, contents[draft.list], [])
        new_rows = read_rows(file, draft.content, problems)
        diff = diff_rows(draft.list, old_rows, new_rows)
        is_stale = self._version(contents) != draft.base_version
        is_writable = self.is_writable(draft.list)
        files = tuple(self._files.values())
        try:
            new = load_lists(files, self._surroundings, contents={**contents, draft.list: draft.content})
        except ListsProblem as problem:
            return Proposal(
                draft=draft,
                diff=diff,
                problems=problem.problems,
                is_stale=is_stale,
                is_writable=is_writable,
            )
        try:
            old = self._loaded(contents)
        except ListsProblem:
            # The files in place are wrong; the draft may put them right. There is nothing to compare with.
            return Proposal(draft=draft, diff=diff, is_stale=is_stale, is_writable=is_writable)
        return Proposal(
            draft=draft,
            diff=diff,
            warnings=warnings_of(diff, old, new),
            is_stale=is_stale,
            lost=lost_half(old, new),
            is_writable=is_writable,
            lists=(old, new),
        )

    # Applying

    def apply(self, draft_id: str, *, by: str, reason: str = "", is_confirmed: bool = False) -> ListVersion:
        """Write the file, then {draft gone, versions, audit, notices}. Raises UnknownDraft, CannotApply, PermanentFailure.

        ``is_confirmed`` and a ``reason`` are needed for what lowers the protection.
        """
        # What takes long comes first: while this transaction is open nobody else's mail is recorded.
        with self._store.reading() as transaction:
            draft = self._draft(draft_id, transaction)
        proposal = self._proposal(draft)
        _refuse(proposal, reason=reason, is_confirmed=is_confirmed)
        with self._store.reading() as transaction:
            _refuse_parting(proposal, transaction)
        # The store's writers queue, so two people who apply at once are told apart by the lists' version.
        with self._store.transaction("list") as transaction:
            draft = self._draft(draft_id, transaction)
            if self._version(self._contents()) != draft.base_version:
                raise CannotApply(_STALE)
            before = self._writer.read(self._files[draft.list].path)
            self._keep_unknown(draft.list, before, transaction)
            self._writer.write(self._files[draft.list].path, draft.content)
            transaction.lists.drop_draft(draft_id)
            version = self._keep(proposal, by=by, reason=reason, transaction=transaction)
            transaction.audit.append(
                AuditEntry(
                    tag=TAG_APPLIED, actor=by, detail=_detail(proposal, version, has_reason=bool(reason))
                )
            )
        return version

    def drop(self, draft_id: str, *, by: str) -> None:
        """Nothing happens when it is gone."""
        with self._store.transaction() as transaction:
            draft = transaction.lists.draft(draft_id)
            if draft is not None and transaction.lists.drop_draft(draft_id):
                detail = {"list": draft.list, "draft": draft_id}
                transaction.audit.append(AuditEntry(tag=TAG_DROPPED, actor=by, detail=detail))

    # What was

    def history(self, name: ListName, *, limit: int = 100) -> tuple[ListVersion, ...]:
        """Newest first."""
        with self._store.reading() as transaction:
            return transaction.lists.versions(name, limit=limit)

    def version_content(self, name: ListName, number: int) -> bytes | None:
        with self._store.reading() as transaction:
            return transaction.lists.content(name, number)

    def note_outside(self) -> int:
        """Keep contents that came into the files by other ways; how many. For the daemon, at a reload."""
        kept = 0
        for name, file in self._files.items():
            content = self._writer.read(file.path)
            with self._store.transaction() as transaction:
                kept += self._keep_unknown(name, content, transaction)
        return kept

    def _keep_unknown(self, name: ListName, content: bytes, transaction: Transaction) -> bool:
        newest = transaction.lists.versions(name, limit=1)
        digest = hashlib.sha256(content).hexdigest()
        if newest and newest[0].sha256 == digest:
            return False
        file = self._files[name]
        rows = read_rows(file, content, [])
        previous = transaction.lists.content(name, newest[0].number) if newest else None
        diff = diff_rows(name, read_rows(file, previous, []) if previous is not None else rows, rows)
        version = ListVersion(
            list=name,
            number=0,
            at=transaction.now,
            by=self.OUTSIDE,
            says="file replaced on the server" if newest else "first seen",
            lists_version=self._version({**self._contents(), name: content}),
            sha256=digest,
            rows=len(rows),
            added=len(diff.added),
            removed=len(diff.removed),
            changed=len(diff.changed),
            is_lowering=lowers_protection(diff),
        )
        transaction.lists.add_version(version, content)
        self._tell_if_lowering(version, transaction)
        return True

    def _keep(self, proposal: Proposal, *, by: str, reason: str, transaction: Transaction) -> ListVersion:
        draft, diff = proposal.draft, proposal.diff
        version = ListVersion(
            list=draft.list,
            number=0,
            at=transaction.now,
            by=by,
            says=draft.says,
            lists_version=self._version({**self._contents(), draft.list: draft.content}),
            sha256=hashlib.sha256(draft.content).hexdigest(),
            rows=diff.rows_after,
            added=len(diff.added),
            removed=len(diff.removed),
            changed=len(diff.changed),
            is_lowering=proposal.needs_reason,
            reason=reason,
        )
        number = transaction.lists.add_version(version, draft.content)
        self._tell_if_lowering(version, transaction)
        return next(each for each in transaction.lists.versions(draft.list, limit=1) if each.number == number)

    def _tell_if_lowering(self, version: ListVersion, transaction: Transaction) -> None:
        """Nobody lowers the protection alone and in silence. Numbers and the reason, no row of the list."""
        if not version.is_lowering:
            return
        account = transaction.accounts.find(version.by)
        who = account.name if account is not None else "Somebody on the server"
        title = LIST_WORDS[version.list].title
        lines = [
            f"{who} changed the list “{title}”: {version.added} rows added, {version.changed} changed, "
            f"{version.removed} gone.",
            "This lowers the protection: what was reported or held may no longer be.",
            *([f"Reason given: {version.reason}"] if version.reason else []),
            "What it changed, and how to put the list back, stands on the review page under People and lists. "
            "If this surprises you, ask the person named.",
        ]
        tell_chain(
            transaction,
            self._settings,
            key=f"list:{version.list.value}:{version.sha256}:{version.at:%Y%m%dT%H%M%S}",
            subject="A change of the lists that lowers the protection",
            lines=lines,
        )

    def _contents(self) -> dict[ListName, bytes]:
        """Raises PermanentFailure when a file cannot be read."""
        return {name: self._writer.read(file.path) for name, file in self._files.items()}

    def _version(self, contents: Mapping[ListName, bytes]) -> str:
        return version_of(contents)


def version_of(contents: Mapping[ListName, bytes]) -> str:
    """As ``IndexedLists.version``."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name} {len(contents[name])}\n".encode() + contents[name])
    return digest.hexdigest()[:12]


def _refuse(proposal: Proposal, *, reason: str, is_confirmed: bool) -> None:
    if proposal.problems:
        raise CannotApply("The new list has faults, so it was not applied.")
    if proposal.is_stale:
        raise CannotApply(_STALE)
    if proposal.lost:
        raise CannotApply(
            "More than half of the rows would go. mailguard refuses such a list; if it is right, IT puts the "
            "file in place and restarts mailguard."
        )
    if not proposal.is_writable:
        raise CannotApply("The list's file cannot be written from here; IT can put the new file in place.")
    if proposal.diff.is_empty:
        raise CannotApply("Nothing would change.")
    if proposal.needs_reason and not (is_confirmed and reason.strip()):
        raise CannotApply("This lowers the protection: say that it is meant, and why.")


def _refuse_parting(proposal: Proposal, transaction: Transaction) -> None:
    """Raises CannotApply where somebody who reads cases would be a stranger to those about them.

    SECURITY: a case is closed to its subjects by their ids, and an account has an address: who parts the two opens it.
    """
    for account in transaction.accounts.all():
        is_reader = account.reads_content and account.state is not AccountState.DISABLED
        if is_reader and proposal.parted(account.address):
            raise CannotApply(
                f"{account.name} reads cases with the address {account.address}, and would no longer be known by it: "
                "a case about them would not be closed to them. Keep id and address, or switch that account off first."
            )


def _detail(proposal: Proposal, version: ListVersion, *, has_reason: bool) -> dict[str, object]:
    """Ids and counts. Rows of lists without ids are counted only: an address is not for the trail."""
    diff = proposal.diff
    has_ids = diff.name in {ListName.PUPILS, ListName.PARENTS, ListName.STAFF}

    def ids(rows: Sequence[Row]) -> list[str]:
        return [row["id"] for row in rows[:_SHOWN_IDS]] if has_ids else []

    return {
        "list": diff.name,
        "draft": proposal.draft.id,
        "says": proposal.draft.says,
        "number": version.number,
        "old": proposal.draft.base_version,
        "new": version.lists_version,
        "sha256": version.sha256,
        "added": len(diff.added),
        "removed": len(diff.removed),
        "changed": len(diff.changed),
        "added_ids": ids(diff.added),
        "removed_ids": ids(diff.removed),
        "changed_ids": ids([change.after for change in diff.changed]),
        "lowers_protection": version.is_lowering,
        "has_reason": has_reason,
    }
