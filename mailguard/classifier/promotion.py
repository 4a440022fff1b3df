"""Which model is in force: the human act, on the record, and its recovery.

The truth is the signed pointer in the store, written in the transaction that audits it; ``promoted.json`` is its copy, which
running processes watch. Writers of a store are serialised, so of two promotions at once the second sees the first.
FAILURE: a death between commit and copy leaves an old copy; ``restore`` (the daemon's, at start and every half minute, and
every command's) puts the newer one in place. An older copy put back by hand is replaced in the same way and told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.classifier.gates import GateRow
from mailguard.classifier.registry import (
    ModelRefused,
    ModelRegistry,
    Pointer,
    Version,
)

POINTER_STATE = "model-pointer"
PROMOTED, ROLLED_BACK = "model:version:promoted", "model:version:rolled-back"
RESTORED = "model:pointer:restored"
# Failing one of these cannot be overridden: they say how many children's messages are found.
CHILD_RECALL_GATES = ("probable-child-found", "grave-words-of-children-found")


class PromotionRefused(Exception):
    """Nothing was changed; says why in words for the admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """``key``: the school's model key. ``by``: a person's name, for every act."""

    registry: ModelRegistry
    store: Store
    key: Ed25519PrivateKey

    def promote(
        self,
        name: str,
        *,
        by: str,
        reason: str,
        is_forced: bool,
        expected_serial: int,
        rows: Sequence[GateRow] = (),
    ) -> Pointer:
        """Put a version in force. ``expected_serial``: of the pointer that the person was shown. Raises PromotionRefused.

        ``rows``: gates measured now, against what is in force now; those of the manifest count where a set was not
        measured. ``is_forced`` overrides failed gates, but never those of child recall.
        """
        _say_who_and_why(by, reason)
        version = self.check(name, is_forced=is_forced, rows=rows)
        failed = failed_gates(version.manifest, rows)

        def act(current: Pointer, at: datetime) -> Pointer:
            if current.promoted == name:
                raise PromotionRefused(f"model {name} is in force already")
            # Looked at again under the lock: it may have been removed since ``check``.
            self.usable(name)
            return current.moved(name, by=by, reason=reason, at=at)

        detail = {"model_id": version.model_id, "failed_gates": list(failed), "is_forced": is_forced}
        return self._move(act, PROMOTED, detail, expected_serial=expected_serial)

    def check(self, name: str, *, is_forced: bool, rows: Sequence[GateRow] = ()) -> Version:
        """The version, when its files are right and its gates allow it. Raises PromotionRefused.

        What a rollback could put in force anyway, and the shipped one, need pass no gate again.
        """
        version = self.usable(name)
        if not version.needs_no_gates:
            _refuse_failed(version, failed_gates(version.manifest, rows), is_forced=is_forced)
        return version

    def usable(self, name: str) -> Version:
        """The version, when its files are right, whatever its gates say. Raises PromotionRefused."""
        try:
            version = self.registry.find(name)
        except ModelRefused as error:
            raise PromotionRefused(str(error)) from error
        if version.problem:
            raise PromotionRefused(f"model {name} cannot be used: {version.problem}")
        return version

    def roll_back(self, *, by: str, reason: str, expected_serial: int | None = None) -> Pointer:
        """Put the one before in force. Raises PromotionRefused when there is none, or it cannot be used."""
        _say_who_and_why(by, reason)

        def act(current: Pointer, at: datetime) -> Pointer:
            try:
                moved = current.back(by=by, reason=reason, at=at)
            except ModelRefused as error:
                raise PromotionRefused(str(error)) from error
            self.usable(moved.promoted)
            return moved

        return self._move(act, ROLLED_BACK, {}, expected_serial=expected_serial)

    def current(self) -> Pointer:
        """What the store says is in force."""
        with self.store.reading() as transaction:
            return self._stored(transaction)

    def restore(self) -> bool:
        """Put the store's pointer in place where the copy is older, altered or gone. True when it was. Raises OSError.

        Where nothing was ever promoted, a copy that is not genuine (of another store, say) gives way to one that says so.
        Raises ModelRefused when the store's own is not genuine.
        """
        with self.registry.locked():
            with self.store.reading() as transaction:
                kept = transaction.ledger.state(POINTER_STATE)
            try:
                found: int | str = self.registry.pointer().serial
            except ModelRefused as error:
                found = str(error)
            if kept is None and isinstance(found, int):
                return False
            content = kept.encode() if kept is not None else self.registry.signed_pointer(Pointer(), self.key)
            stored = self.registry.read_pointer(content)
            if found == stored.serial:
                return False
            self.registry.publish(content)
        with self.store.transaction() as transaction:
            detail = {"promoted": stored.promoted, "serial": stored.serial, "found": found}
            transaction.audit.append(AuditEntry(tag=RESTORED, actor="mailguard", detail=detail))
        return True

    def prune(self, keep: int, *, fresh: str = "") -> tuple[str, ...]:
        """As the registry's, and never what the store says is or was in force: the copy may be older. Names of the removed."""
        return self.registry.prune(keep, fresh=fresh, also_safe=lambda: self.current().was_in_force)

    def _stored(self, transaction: Transaction) -> Pointer:
        content = transaction.ledger.state(POINTER_STATE)
        return Pointer() if content is None else self.registry.read_pointer(content.encode())

    def _move(
        self,
        act: Callable[[Pointer, datetime], Pointer],
        tag: str,
        detail: Mapping[str, object],
        *,
        expected_serial: int | None,
    ) -> Pointer:
        with self.registry.locked():
            with self.store.transaction() as transaction:
                try:
                    before = self._stored(transaction)
                except ModelRefused as error:
                    raise PromotionRefused(f"the store's pointer is not genuine: {error}") from error
                if expected_serial is not None and before.serial != expected_serial:
                    raise PromotionRefused(
                        f"somebody was first: since you looked, {before.by} put {before.promoted} in force"
                    )
                moved = act(before, transaction.now)
                content = self.registry.signed_pointer(moved, self.key)
                transaction.ledger.put_state(POINTER_STATE, content.decode())
                transaction.audit.append(
                    AuditEntry(
                        tag=tag,
                        actor=moved.by,
                        detail={
                            "promoted": moved.promoted,
                            "before": before.promoted,
                            "serial": moved.serial,
                            "reason": moved.reason,
                            **detail,
                        },
                    )
                )
            self.registry.publish(content)
        return moved


def failed_gates(manifest: Mapping[str, Any], rows: Sequence[GateRow] = ()) -> tuple[str, ...]:
    """Names of the gates that a version did not pass; one without any is ``no-gates``."""
    measured = {row.set for row in rows}
    stored: Sequence[Mapping[str, Any]] = manifest.get("gates") or ()
    counted = {(row.name, row.passed) for row in rows}
    counted |= {(str(row["name"]), bool(row["pass"])) for row in stored if row["set"] not in measured}
    if not counted:
        return ("no-gates",)
    return tuple(sorted(name for name, is_passed in counted if not is_passed))


def _refuse_failed(version: Version, failed: Sequence[str], *, is_forced: bool) -> None:
    if not failed:
        return
    if "no-gates" in failed:
        raise PromotionRefused(
            f"model {version.name} was never measured, and the texts to measure it on are not at hand: install mailguard's "
            "package again"
        )
    recall = [name for name in failed if name in CHILD_RECALL_GATES]
    if recall:
        raise PromotionRefused(
            f"model {version.name} finds fewer children's messages ({', '.join(recall)}): this cannot be overridden"
        )
    if not is_forced:
        raise PromotionRefused(
            f"model {version.name} did not pass {', '.join(failed)}. Look at it first: mailguard model compare shipped "
            f"{version.name}; --force overrides this"
        )


def _say_who_and_why(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise PromotionRefused("say who decides and why: both go on the record")
