"""What the policy's words mean, for a DCPO: dimensions, their values, levels, and every signal code.

``docs/reference/policy.md`` is made of these; a dimension, value or code without its words fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Level

LEVEL_WORDS: Mapping[Level, str] = {
    Level.LEDGER: "Counted in the ledger. Nobody is told.",
    Level.COUNT: "Counted; the digest shows the number. Nobody is told of the single message.",
    Level.DIGEST: "Shown in the next daily digest.",
    Level.NOW: "Reported at once; to be acknowledged by the end of the school day.",
    Level.URGENT: "Reported at once; to be acknowledged within one school hour.",
    Level.EMERGENCY: "Reported at once; to be acknowledged within 15 minutes of clock time, day or night.",
}

DIMENSION_WORDS: Mapping[str, str] = {
    "direction": "Which way the message goes, seen from the school's representatives.",
    "sender": "Who wrote, on the most child-like reading of all who are named as senders.",
    "counterpart": "The outside recipient of outbound mail.",
    "standing": "Whether all outside parties are ones the school has said it trusts.",
    "automatic": "Whether a machine answered, and how that shows.",
    "has_own_words": "Whether an automatic answer carries words of its sender's own.",
    "platform": "How the school stands to the platform that sent a notification.",
    "event": "What a notification tells of.",
    "actor": "Who acted on the platform.",
    "shows_school_activity": "Whether pictures or posts show a school activity.",
    "nature": "What a direct message is about, or what a user wrote inside a notification. Gravest first.",
    "audience": "Whether a message goes to the chain of roles alone.",
    "part": "This recipient's part in an allegation.",
    "is_approved_channel": "Whether an approved channel covers sender and recipients.",
    "is_readable": "Whether the message could be taken apart within the reading bounds.",
}

_YES_NO = {"true": "Yes.", "false": "No."}

VALUE_WORDS: Mapping[str, Mapping[str, str]] = {
    "direction": {
        "inbound": "To a representative, from outside.",
        "outbound": "From a representative to somebody outside.",
        "internal": "Representatives only.",
        "other": "No representative is a party: not our business.",
    },
    "sender": {
        "child": "A listed pupil's address, or any address under a pupil domain.",
        "probable-child": "The evidence says that a child writes, but no list says so.",
        "parent": "A listed parent's or carer's address.",
        "representative": "On the staff list, or under a school domain.",
        "false-representative": "Claims to be a representative, and authentication failed.",
        "other": "Anybody else; a platform's own mail too.",
    },
    "counterpart": {
        "none": "Not outbound mail.",
        "child-at-school": "A pupil at a school address.",
        "child-elsewhere": "A listed pupil at a private address.",
        "probable-child": "An address or name that nearly fits a pupil.",
        "parent": "A listed parent.",
        "gateway": "An address that posts to a platform; the mailbox has no official account there.",
        "official-gateway": "The same, with an official account there.",
        "unlisted-personal": "A personal-mail address on no list.",
        "other": "Anybody else.",
    },
    "standing": {
        "open": "Nothing special was said of them.",
        "excluded": "Excluded correspondents, such as a trade union: the content is not read.",
        "declared": "A declared relationship, such as a teacher's own child.",
    },
    "automatic": {
        "no": "A person wrote.",
        "header": "Marked as automatic in its header (RFC 3834).",
        "structure": "Automatic by its structure: a delivery report, a calendar answer, an absence notice.",
    },
    "has_own_words": _YES_NO,
    "platform": {
        "none": "Not a notification.",
        "approved": "A platform that the school works with (school.approved_platforms).",
        "official": "The mailbox has an official account there.",
        "ordinary": "Any other platform.",
        "contradicted": "Claims to be a platform, but authentication fails or its domain imitates one.",
    },
    "event": {
        "none": "Not a notification.",
        "friend_request": "Somebody asks to be friends or to connect.",
        "friend_accepted": "Somebody accepted the member of staff's request.",
        "follow": "Somebody follows, or asks to.",
        "direct_message": "Somebody sent a message on the platform.",
        "group_invite": "Somebody invites to a group, server or event.",
        "comment": "Somebody commented on the recipient's post, wall or board.",
        "mention": "Somebody named the recipient.",
        "photo_tag": "Somebody tagged the recipient in a picture.",
        "reaction": "Somebody liked or reacted.",
        "share": "Somebody shared a document, album or file.",
        "upload": "The recipient's own account uploaded something.",
        "live": "The recipient's own account went live.",
        "suggestion": "The platform suggests people.",
        "digest": "The platform sums up what happened.",
        "marketing": "Advertising.",
        "sign_up": "A new account was made, or waits to be finished.",
        "security": "Codes, verification links, resets, log-in alerts: they expire, so they are delivered.",
        "moderation": "The platform reports on rules and removals.",
        "other": "Anything else.",
    },
    "actor": {
        "child": "A registered handle or a listed address: certain.",
        "probable-child": "A name or wording that fits a pupil.",
        "parent": "A parent's listed name or address.",
        "staff": "A member of staff.",
        "other": "Somebody else.",
        "none": "Nobody is named.",
    },
    "shows_school_activity": _YES_NO,
    "nature": {
        "disclosure": "Tells of abuse, neglect, bullying, danger or despair.",
        "allegation": "Accuses a representative.",
        "threat": "Threatens a child, a representative or the school.",
        "meeting_or_secrecy": "Asks to meet away from school, or to keep the contact itself secret.",
        "image": "A picture, video or voice note is the message.",
        "social_invite": "A handle, link or request to connect off the school's channels.",
        "personal": "Private talk.",
        "complaint": "A complaint.",
        "admin": "The business of running a school.",
        "schoolwork": "Lessons, homework, examinations.",
        "automatic": "A machine's answer.",
        "other": "None of these.",
    },
    "audience": {
        "chain-only": "Every recipient holds a role in the chain, and it is about none of them.",
        "anyone": "Anybody else reads it too.",
    },
    "part": {
        "free": "The allegation is not about this recipient.",
        "accused": "It names this recipient.",
        "may-be-accused": "It accuses a representative without a name that fits exactly one.",
    },
    "is_approved_channel": _YES_NO,
    "is_readable": _YES_NO,
}

UNUSED = "Kept for a later version: no message is given it yet."

SIGNAL_WORDS: Mapping[SignalCode, str] = {
    SignalCode.DIRECTION: "Which way the message goes.",
    SignalCode.PUPIL_ADDRESS: "An address of the message is on the pupil list. This is certain.",
    SignalCode.PUPIL_DOMAIN: "An address is under a domain that only pupils have, whether listed or not.",
    SignalCode.REGISTERED_HANDLE: "The account that acted is registered on the pupil list.",
    SignalCode.ROLL_NAME: "A given name and surname fit a pupil's; the address itself is on no list.",
    SignalCode.NEAR_ADDRESS: "The address is a slip away from a pupil's address.",
    SignalCode.LOOKALIKE_PUPIL_DOMAIN: "The domain imitates the pupils' domain.",
    SignalCode.CHILD_ON_PARENT_ADDRESS: "It comes from a parent's address and says that a child is writing.",
    SignalCode.CHILD_VOICE: "The model reads it as a child's writing. The words that weighed most are named.",
    SignalCode.CHILD_CLAIM: "The writer signs or introduces themselves as a pupil.",
    SignalCode.PARENT_ADDRESS: "An address is on the parents' list.",
    SignalCode.PARENT_NAME: "The name of whoever acted fits a parent.",
    SignalCode.STAFF_ADDRESS: "An address is on the staff list or under a school domain.",
    SignalCode.STAFF_NAME: "The name of whoever acted fits a member of staff.",
    SignalCode.FALSE_REPRESENTATIVE: "It claims to come from a representative, and the sender check failed.",
    SignalCode.EXCLUDED_CORRESPONDENT: "All outsiders are excluded correspondents; the content was not read.",
    SignalCode.DECLARED_RELATIONSHIP: "The school knows of a relationship between these two.",
    SignalCode.AUTOMATIC_STRUCTURE: "Its structure is that of an automatic answer.",
    SignalCode.AUTOMATIC_HEADER: "Its header says that a machine answered.",
    SignalCode.OWN_WORDS: "An automatic answer holds no words of its sender's own.",
    SignalCode.PLATFORM: "A platform on the recognisers' list sent it.",
    SignalCode.PLATFORM_BY_CONTENT: "On no list of platforms, but worded and built like a notification.",
    SignalCode.APPROVED_PLATFORM: "The school works with this platform.",
    SignalCode.OFFICIAL_ACCOUNT: "The mailbox has an account there that is registered as official.",
    SignalCode.PLATFORM_CONTRADICTED: "It claims to be a platform; the sender check or the domain denies it.",
    SignalCode.EVENT: "What the notification tells of.",
    SignalCode.SCHOOL_ACTIVITY: "Words beside a picture or post name a school activity.",
    SignalCode.POSTING_GATEWAY: "A recipient is an address through which mail is posted to a platform.",
    SignalCode.PERSONAL_MAIL: "A recipient is a personal-mail address on no list.",
    SignalCode.NATURE_MODEL: "The model gives it this nature: its probability, and what weighed most.",
    SignalCode.NATURE_WORDS: UNUSED,
    SignalCode.NATURE_LINK: "The sender's own words hold a link to somebody's account, group or chat.",
    SignalCode.PICTURE_ONLY: "A picture, video or voice note is the message; no words of school business.",
    SignalCode.ACCUSED_NAMED: "An allegation names a representative.",
    SignalCode.ACCUSED_UNNAMED: "An allegation is about a representative; no name in it fits just one.",
    SignalCode.CHAIN_ONLY: "It is addressed only to those who would be told: it is itself the report.",
    SignalCode.APPROVED_CHANNEL: "An approved channel covers it: who approved it is named.",
    SignalCode.UNREADABLE: "The message could not be taken apart; what was wrong is named.",
    SignalCode.AUTH_PASS: "The sender's domain is verified, and by whom.",
    SignalCode.AUTH_FAIL: "The sender check failed. That never makes a child's message less suspect.",
    SignalCode.AUTH_NONE: "Nobody whose word counts has checked the sender.",
    SignalCode.HIDDEN_TEXT: "It carries text that a reader does not see.",
    SignalCode.SEALED_PARTS: UNUSED,
    SignalCode.LATE: UNUSED,
    SignalCode.MODEL_UNCERTAIN: "The model is not sure of the nature; its best harmless guess stands.",
    SignalCode.LINKS: UNUSED,
}
