"""Performs ESCALATE and SECOND_CHANNEL."""

from __future__ import annotations

from collections.abc import Mapping

from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.escalation import REASON_NOT_ACKNOWLEDGED, REASON_UNDECIDED, next_gathered, next_step
from mailguard.app.parent_letters import UNDECIDED_STATES, undecided_step
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import PermanentFailure, SecondChannel
from mailguard.app.ports_store import EffectRecord, NewEffect, Store
from mailguard.app.readers import readers_now
from mailguard.domain.case import CaseState
from mailguard.domain.words import Role

ALARM_CHAIN_EXHAUSTED = "escalation_chain_exhausted"


class EscalationPerformer:
    def __init__(self, *, store: Store, settings: EffectsSettings, directory: DirectoryNow) -> None:
        self._store = store
        self._settings = settings
        self._directory = directory

    def perform(self, effect: EffectRecord) -> Performed:
        """Tell the next in the chain, unless somebody has acknowledged or decided in the meantime."""
        reason = str(effect.payload.get("reason", REASON_NOT_ACKNOWLEDGED))
        if reason == REASON_UNDECIDED:
            return self._perform_undecided(effect)
        ids = [effect.case_id] if effect.case_id else [str(each) for each in effect.payload.get("cases", ())]
        readers = readers_now(self._store, self._settings, self._directory)
        then: list[NewEffect] = []
        told: list[str] = []
        is_exhausted = False
        with self._store.reading() as transaction:
            found = (transaction.cases.find(case_id) for case_id in ids)
            waiting = [case for case in found if case is not None and case.state is CaseState.NEW]
            if not effect.case_id and waiting:
                step = next_gathered(effect, waiting, readers, now=transaction.now)
                then += step.effects
                told = [str(each.role) for each in step.effects]
                is_exhausted = step.is_exhausted
            for case in waiting if effect.case_id else ():
                step = next_step(
                    effect,
                    case,
                    transaction,
                    readers,
                    reason=reason,
                    has_second_channel=self._settings.has_second_channel,
                )
                then += step.effects
                told += [step.told.value] if step.told is not None else []
                is_exhausted = is_exhausted or step.is_exhausted
        if not waiting:
            return not_needed("acknowledged or decided in the meantime")
        return Performed(
            detail={"reason": reason, "after": effect.role, "told": told, "is_exhausted": is_exhausted},
            then=tuple(then),
            alarm=ALARM_CHAIN_EXHAUSTED if is_exhausted else "",
        )

    def _perform_undecided(self, effect: EffectRecord) -> Performed:
        readers = readers_now(self._store, self._settings, self._directory)
        with self._store.reading() as transaction:
            case = transaction.cases.find(effect.case_id)
            held = transaction.cases.recipients(effect.case_id) if case is not None else ()
            if (
                case is None
                or case.state not in UNDECIDED_STATES
                or not any(each.state.is_held for each in held)
            ):
                return not_needed("decided in the meantime")
            step = undecided_step(effect, case, transaction, readers)
        return Performed(
            detail={
                "reason": REASON_UNDECIDED,
                "told": [str(each.role) for each in step.effects],
                "is_exhausted": step.is_exhausted,
            },
            then=step.effects,
            alarm=ALARM_CHAIN_EXHAUSTED if step.is_exhausted else "",
        )


class SecondChannelPerformer:
    """``channels``: a role's own.

    ``general``: the school's, used only where the case is closed to nobody in the chain.
    """

    def __init__(
        self,
        *,
        store: Store,
        settings: EffectsSettings,
        directory: DirectoryNow,
        general: SecondChannel | None,
        channels: Mapping[Role, SecondChannel],
    ) -> None:
        self._store = store
        self._settings = settings
        self._directory = directory
        self._general = general
        self._channels = channels

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        role = Role(effect.role)
        readers = readers_now(self._store, self._settings, self._directory)
        with self._store.reading() as transaction:
            case = transaction.cases.find(effect.case_id)
            day = transaction.now.astimezone(self._settings.hours.zone).date()
        if case is None:
            raise PermanentFailure(f"effect {effect.id}: case {effect.case_id} is not in the store")
        if case.state is not CaseState.NEW:
            return not_needed("acknowledged or decided in the meantime")
        withheld = readers.withheld_roles(case.decision)
        reader = readers.reader(role, case.decision, day)
        # A role's own telephone rings its holder, not the person who stands in.
        own = self._channels.get(role) if reader is not None and not reader.absent_name else None
        # SECURITY: nobody knows whose telephones the school's general channel rings.
        channel = own or (self._general if not withheld else None)
        if channel is None:
            return not_needed(
                "no second channel that the case is not closed to", alarm="second_channel_missing"
            )
        channel.notify(
            f"mailguard: report {case.id}, level {int(case.decision.level)}",
            f"A report at level {int(case.decision.level)} waits for you: {case.id}. Read your school mail "
            "now and acknowledge it within 15 minutes. If a child is in immediate danger ring "
            f"{self._settings.emergency.police}.",
        )
        return Performed(detail={"is_own": own is not None})
