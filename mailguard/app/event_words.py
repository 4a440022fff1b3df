"""Audit events in plain words: one sentence a tag, for case files, chronologies and the trail's page.

A tag that has no sentence here is shown in its own words, so that nothing is left out of a chronology.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailguard.app.effects_settings import DEFAULT_TITLES, EffectsSettings
from mailguard.app.ports_store import AuditRecord, EffectRecord, Transaction
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.domain import concern
from mailguard.domain.case import Outcome
from mailguard.domain.words import Role, Verdict

TITLES: Mapping[str, str] = {
    "gate:case:opened": "Case opened",
    "gate:case:joined": "Received again",
    "gate:case:reopened": "Case opened again",
    "review:case:acknowledged": "Acknowledged",
    "review:case:confirmed": "Contact confirmed",
    "review:case:released": "Release decided",
    "review:case:dismissed": "Dismissed (not a contact)",
    "review:case:outcome-set": "Outcome recorded",
    "review:case:undone": "Decision taken back",
    "review:case:labelled": "Given to the model to learn from",
    "review:case:label-withdrawn": "Taken back from what the model learns from",
    "review:case:legal-hold-set": "Legal hold set",
    "review:case:legal-hold-lifted": "Legal hold lifted",
    "review:case:messages-destroyed": "Messages destroyed; their hashes remain",
    "retention:case:messages-destroyed": "Messages destroyed by the retention schedule; their hashes remain",
    "review:case:viewed": "Case read",
    "review:cases:searched": "Cases searched",
    "review:part:opened": "File opened",
    "effects:message:released": "Message released",
    "effects:message:moved": "Message taken out of the mailbox",
    "effects:message:not-moved": "Message could not be taken out",
    "effects:report:sent": "Report sent",
    "effects:report:failed": "Report could not be delivered",
    "effects:case:escalated": "Escalated",
    "effects:digest:sent": "Digest sent",
    "effects:effect:done": "Done",
    "effects:effect:failed": "Failed",
    "effects:effect:not-needed": "Not needed any more",
    "effects:contact:tested": "Report route tested",
    "effects:answer:refused": "Answer to a report refused",
    "review:export:requested": "Export asked for",
    "review:export:made": "Export handed out",
    "cli:audit:exported": "Whole trail exported",
    "cli:audit:viewed": "Trail viewed",
    "daemon:audit:checkpoint-signed": "Checkpoint signed",
    "daemon:audit:blank": "Blank event",
    "daemon:service:started": "Service started",
    "daemon:service:stopped": "Service stopped",
    "lists:school:replaced": "Lists replaced",
    "lists:school:refused": "Lists refused",
    "lists:draft:made": "Change of a list proposed",
    "lists:draft:dropped": "Proposed change of a list dropped",
    "lists:list:changed": "List changed",
    "lists:list:exported": "List downloaded",
    "review:people:searched": "Lists searched",
    "review:concern:written": "Concern written down",
    "review:concern-link:asked": "Link to report a concern asked for",
    "review:take-down:viewed": "Take-down request read",
    "review:take-down:downloaded": "Take-down letter downloaded",
    "review:take-down:written": "Take-down request written",
    "review:take-down:noted": "Take-down request followed up",
    "review:sample:opened": "Sampled message read",
    "review:sample:labelled": "Sampled message judged",
    "review:sample:relabelled": "Judgement of a sampled message changed",
    "review:sample:skipped": "Sampled message left out",
    "review:sample:label-withdrawn": "Judgement of a sampled message taken back",
    "daemon:sample:not-kept": "Message that the model did not understand could not be kept for reading",
    "retention:sample:ended-unread": "Message that the model did not understand destroyed unread",
    "review:account:signed-in": "Signed in",
    "review:account:sign-in-failed": "Sign-in failed",
    "review:account:locked": "Sign-in failed and is locked for a while",
    "review:account:confirmed": "Proved again who they are",
    "review:account:enrolment-begun": "First sign-in begun",
    "review:session:ended": "Signed out",
    "accounts:account:created": "Account made",
    "accounts:account:enrolled": "Account set up",
    "accounts:account:disabled": "Account switched off",
    "accounts:account:signed-out": "Signed out everywhere",
    "accounts:passkey:added": "Passkey added",
    "accounts:passkey:removed": "Passkey removed",
    "accounts:invitation:made": "Invitation made",
    "accounts:invitation:approved": "Invitation approved by a second person",
    "accounts:invitation:withdrawn": "Invitation taken back",
    "glass:case:asked": "Break-glass asked for",
    "glass:case:approved": "Break-glass approved by a second person",
    "glass:case:refused": "Break-glass refused",
    "glass:case:viewed": "Case read by break-glass",
    "glass:case:ended": "Break-glass ended",
    "rota:absence:set": "Absence entered",
    "rota:absence:withdrawn": "Absence taken back",
    "model:version:trained": "Model trained",
    "model:version:promoted": "Model put in force",
    "model:version:rolled-back": "Model before put back in force",
    "model:version:exported": "Model exported",
    "model:version:imported": "Model imported",
    "model:pointer:restored": "Model pointer restored",
    "model:key:trusted": "Model key trusted",
    "daemon:model:replaced": "Model in force replaced",
    "daemon:model:dark": "Model not usable: lists work alone",
    "daemon:review-page:not-started": "Review page could not start",
    "cli:policy:replayed": "Past mail judged again for comparison",
}
_KINDS = {
    "report": "report",
    "release": "release",
    "move": "taking out of the mailbox",
    "staff_notice": "notice to the member of staff",
    "escalate": "escalation",
    "digest": "digest",
    "governors_report": "report to the governors",
    "concern_link": "link for reporting a concern",
    "chain_notice": "notice to the chain",
    "second_channel": "second channel (telephone or message)",
}
# Kinds of what leaves the server; the others are done within it.
_SENT = frozenset(
    ("staff_notice", "digest", "governors_report", "concern_link", "chain_notice", "second_channel")
)
_THROUGH = {"cli": "on the mail server", "reply": "by answering the report", "review": "on the review page"}
_REASONS = {
    "not-acknowledged": "nobody had acknowledged in time",
    "undeliverable": "the report before could not be delivered",
    "absent": "the reader is away",
    "withheld": "the case is closed to the reader",
}
# RFC 5321, 4.2.1: by the first digit.
_REPLIES = {
    "2": "the mail server took it",
    "4": "the mail server wants it later",
    "5": "the mail server refused it",
}
_OUTCOMES = {outcome.value: outcome.value for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class EventWords:
    """What sentences need besides the event.

    How the school calls its roles, the case's effects by id, the names of accounts by id, and those of ``people`` by
    their addresses in small letters. ``is_exact``: as evidence wants it, with addresses and the mail server's own words.
    """

    role_titles: Mapping[Role, str] = field(default_factory=lambda: DEFAULT_TITLES)
    effects: Mapping[str, EffectRecord] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    is_exact: bool = False

    def title(self, tag: str) -> str:
        """Two to five words for a tag."""
        known = TITLES.get(tag)
        if known is not None:
            return known
        _, subject, action = [*tag.split(":"), "", ""][:3]
        return f"{subject} {action}".replace("-", " ").strip().capitalize()

    def heading(self, event: AuditRecord) -> str:
        """The tag's words; of what left the server "Sent" rather than "Done"."""
        is_sent = event.tag == "effects:effect:done" and event.detail.get("kind") in _SENT
        return "Sent" if is_sent else self.title(event.tag)

    def sentence(self, event: AuditRecord) -> str:
        """What happened, with the title's words first; no names, for the trail has none."""
        more = self._more(event.tag, event.detail)
        title = self.heading(event)
        return f"{title}: {more}" if more else title

    def role(self, word: object) -> str:
        return self.role_titles[Role(str(word))] if str(word) in set(Role) else str(word)

    def actor(self, actor: str) -> str:
        """Who did it, as words: an account by its name, a role by its title, the programme's parts as mailguard."""
        if actor in {"gate", "effects", "daemon", "answer", "mailguard"}:
            return "mailguard"
        return self.names.get(actor) or self.role(actor)

    def _more(self, tag: str, detail: Mapping[str, Any]) -> str:
        match tag:
            case "gate:case:opened" | "gate:case:joined":
                return _opened(detail)
            case "review:case:acknowledged":
                parts = [self.role(detail.get("role", "")), _THROUGH.get(str(detail.get("through")), "")]
                return ", ".join(part for part in parts if part)
            case "review:case:confirmed" | "review:case:released" | "review:case:dismissed":
                count = len(detail.get("released_to") or ())
                return f"goes to {_many(count, 'recipient')}" if count else "what is held stays held"
            case "review:case:undone":
                count = len(detail.get("held_again") or ())
                return f"held again for {_many(count, 'recipient')}" if count else "nothing had gone out"
            case "review:case:viewed":
                return "the message as formatted" if detail.get("view") == "formatted" else ""
            case "review:part:opened":
                return f"{detail.get('kind') or 'a file'}, SHA-256 {str(detail.get('sha256'))[:12]}"
            case "review:case:outcome-set":
                return _OUTCOMES.get(str(detail.get("outcome")), "")
            case "effects:case:escalated":
                told = ", the ".join(self.role(role) for role in detail.get("told") or ())
                why = _REASONS.get(str(detail.get("reason")), str(detail.get("reason") or ""))
                return "; ".join(
                    part for part in (f"to the {told}" if told else "nobody is left", why) if part
                )
            case "review:export:requested" | "review:export:made":
                words = [str(detail.get(name) or "") for name in ("kind", "form", "purpose")]
                return ", ".join(word.replace("-", " ") for word in words if word)
            case _ if tag.startswith("effects:"):
                return self._effect(tag, detail)
            case _:
                return ""

    def _effect(self, tag: str, detail: Mapping[str, Any]) -> str:
        parts = []
        kind = _KINDS.get(str(detail.get("kind")), "")
        if kind and tag.startswith("effects:effect:"):
            parts.append(kind)
        if detail.get("role"):
            parts.append(f"to the {self.role(detail['role'])}")
        effect = self.effects.get(str(detail.get("effect")))
        if effect is not None and effect.address:
            parts += self._addressee(effect.address, has_role=bool(detail.get("role")))
        if detail.get("reply"):
            parts.append(self._reply(str(detail["reply"])))
        if detail.get("not_needed"):
            parts.append(str(detail["not_needed"]))
        return ", ".join(parts)

    def _addressee(self, address: str, *, has_role: bool) -> list[str]:
        if self.is_exact:
            return [f"<{address}>"]
        # The role says who it is; an address is for whoever the lists do not know.
        return [] if has_role else [f"to {self.people.get(address.lower(), address)}"]

    def _reply(self, reply: str) -> str:
        if self.is_exact:
            return f"the mail server answered “{reply}”"
        return _REPLIES.get(reply[:1], "the mail server gave no clear answer")


def event_words(
    transaction: Transaction,
    settings: EffectsSettings,
    effects: Iterable[EffectRecord] = (),
    *,
    is_exact: bool = False,
) -> EventWords:
    """The words of one school, with the names of its accounts."""
    return EventWords(
        role_titles={role: settings.title(role) for role in Role},
        effects={effect.id: effect for effect in effects},
        names={account.id: account.name for account in transaction.accounts.all()},
        is_exact=is_exact,
    )


def _opened(detail: Mapping[str, Any]) -> str:
    verdict = str(detail.get("verdict", ""))
    noun = SUBJECT_NOUNS[Verdict(verdict)].lower() if verdict in set(Verdict) else verdict
    held = [each for each in detail.get("recipients") or () if each.get("state") not in _DELIVERED]
    count = len(detail.get("recipients") or ())
    if detail.get("row") == concern.ROW:
        return f"{noun}, level {detail.get('level')}, policy {detail.get('clause')}; written down by a person"
    copies = f"held for {len(held)} of {_many(count, 'recipient')}" if held else "delivered"
    return f"{noun}, level {detail.get('level')}, row {detail.get('row')}, policy {detail.get('clause')}; {copies}"


_DELIVERED = frozenset({"delivered", "would-hold"})


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
