"""Whether a machine answered, by the message's structure (row X3)."""

from __future__ import annotations

import re

from mailguard.domain.message import AutomaticMark, Calendar, MessageFacts

_AUTO_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:automatic(?:ally)? (?:reply|response)|auto[- ]?(?:reply|response|"
    r"responder)|autoreply|autoresponse|"
    r"auto:|out of (?:the )?office|away from|on (?:annual )?leave|vacation|r[ée]ponse automatique|"
    r"absence du bureau|"
    r"automatische antwort|abwesenheits|respuesta autom[áa]tica|fuera de (?:la )?oficina|"
    r"risposta automatica|fuori sede|"
    r"resposta autom[áa]tica|automatisch antwoord|afwezig|autosvar|automatiskt svar|automaattinen vastaus|"
    r"odpowied[źz] automatyczna|"
    r"automatyczna odpowied|automatick[áa] odpov|automatikus v[áa]lasz|otomatik yan[ıi]t|автоответ|"
    r"автоматический ответ|自动回复|自動回覆|"
    r"自動応答|undeliver(?:able|ed)|undelivered mail|mail delivery (?:failed|failure|system)|"
    r"delivery (?:status notification|has failed|failure)|"
    r"returned mail|failure notice|non[- ]?remis|unzustellbar|read:|not read:|gelesen:|lu\s?:|"
    r"ateb awtomatig)",
    re.IGNORECASE,
)
_MACHINE_LOCAL_PARTS = frozenset({"mailer-daemon", "postmaster", "mdaemon", "mail-daemon"})
_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoreply-from",
    "x-failed-recipients",
    "x-ms-exchange-generated-message-source",
)
_PRECEDENCES = frozenset({"auto_reply", "auto-reply", "autoreply", "junk"})
_NOT_AUTOMATIC = frozenset({"", "no"})


def automatic_mark(
    content_type: str, report_type: str, calendar: Calendar | None, auto_submitted: str
) -> AutomaticMark:
    """The gravest structural mark of a message's own headers; the null sender's needs the envelope and is the
    caller's.
    """
    if content_type == "multipart/report" or (content_type.startswith("multipart/") and report_type):
        return AutomaticMark.REPORT
    if calendar is not None and calendar.method == "REPLY":
        return AutomaticMark.CALENDAR_REPLY
    if auto_submitted.partition("(")[0].partition(";")[0].strip().lower() not in _NOT_AUTOMATIC:
        return AutomaticMark.HEADER
    return AutomaticMark.NONE


def has_auto_reply_marks(facts: MessageFacts) -> bool:
    """True when the message carries what automatic replies and bounces carry (any of: RFC 3834, de-facto
    fields, subject, sender).

    With a null MAIL FROM such a message is automatic by structure; with any other sender these marks alone
    prove nothing.
    """
    if facts.automatic is not AutomaticMark.NONE:
        return True
    if any(facts.header(name) for name in _HEADERS):
        return True
    if facts.header("precedence").strip().lower() in _PRECEDENCES:
        return True
    if "oof" in facts.header("x-auto-response-suppress").lower().replace(
        ",", " "
    ).split() and _AUTO_SUBJECT.match(facts.subject):
        return True
    senders = facts.named("From", "Sender")
    if any(mailbox.address.partition("@")[0].lower() in _MACHINE_LOCAL_PARTS for mailbox in senders):
        return True
    return _AUTO_SUBJECT.match(facts.subject) is not None
