"""A web form's mail: a site relays what a person wrote into it. That person is the sender, whatever machine sent it.

Source: DECISIONS.md, "Party" (the most child-like reading wins). SECURITY: anybody can write such a mail. It only adds a
sender to those the headers name, so a forged one can raise suspicion and never lower it.
"""

from __future__ import annotations

import re

from mailguard.domain.message import Mailbox, MessageFacts

# From the site's own machinery only: a colleague who passes a submission on is its sender.
_MACHINE = re.compile(
    r"^(?:no-?_?reply|do-?not-?reply|wordpress|web(?:site|forms?|master|mail)?|www|sites?|forms?|mailer|notif\w*|contact\w*|"
    r"enquir\w*|inquir\w*|submissions?|hello|info|apache|www-data|postmaster)(?:[@.+_-]|\d)",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(
    r"""\b(?:new|a|form|website|web|online)\s+(?:form\s+)?(?:submission|enquiry|inquiry|entry|response)\b
      | \b(?:contact|enquiry|inquiry|feedback|web(?:site)?|online|report|admissions?|absence)(?:[\s-]+us)?[\s-]+form\b
      | \[(?:contact|contact\s+us|website|enquir(?:y|ies))\]
      | \bsubmitted\s+(?:via|through|from|on|using)\s+(?:the|your|our)\s+(?:web\s?)?site
      | \b(?:filled\s+(?:in|out)|completed|used)\s+(?:the|your|a)\s+(?:\w+\s+){0,2}form\b""",
    re.IGNORECASE | re.VERBOSE,
)
_FIELD = re.compile(
    r"^[\s*•·-]{0,4}(?:your\s+|sender['’]?s?\s+)?(?P<label>(?:full\s+|first\s+|last\s+)?name|e-?mail(?:\s+address)?|phone(?:\s+number)?|telephone|"
    r"subject|message|comments?|enquiry|question|details|i\s+am\s+an?)\s*\*?\s*(?::|$)[\s*]*(?P<value>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"^\W{0,3}(?:mailto:)?(?P<address>[\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
_NEAR_START = 1500
_FEWEST_FIELDS = 3


def is_web_form(facts: MessageFacts) -> bool:
    """A machine says that somebody filled in a form, and shows the fields."""
    senders = facts.named("From")
    if len(senders) != 1 or not _MACHINE.match(senders[0].address):
        return False
    start = facts.own_text[:_NEAR_START]
    if not _SAYS_SO.search(f"{facts.subject}\n{senders[0].display_name}\n{start}"):
        return False
    labels = {re.sub(r"\W|address|number", "", found["label"].lower()) for found in _FIELD.finditer(start)}
    return len(labels) >= _FEWEST_FIELDS


def form_sender(facts: MessageFacts) -> Mailbox | None:
    """Who filled the form in, by its "E-mail" field; None when it is no form or states no address."""
    if not is_web_form(facts):
        return None
    name, address = "", ""
    start = facts.own_text[:_NEAR_START]
    for found in _FIELD.finditer(start):
        label = found["label"].lower()
        # A value may stand in the label's line or in the next.
        value = found["value"].strip() or start[found.end() :].lstrip("\n").partition("\n")[0].strip()
        if label.endswith("name") and not name:
            name = value[:80]
        stated = _ADDRESS.match(value) if label.startswith(("email", "e-mail")) else None
        if stated and not address:
            address = stated["address"].lower()
    return Mailbox(address, name, "form") if address else None
