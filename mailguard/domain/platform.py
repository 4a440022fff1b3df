"""What a recogniser read from a platform's mail."""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.domain.message import AuthenticationResult
from mailguard.domain.words import Event, PlatformClass


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """A platform notification as read. ``actor`` is the display name as written, ``handle`` without "@" or "u/".

    ``actor_address``: an address the platform states for the actor. ``user_text``: words a user typed inside the mail, "" if none.
    ``is_lookalike``: the From domain imitates a platform's. ``names_in_text``: other people it shows (digests, suggestions).
    ``account``: the recipient's account there, where the mail states one.
    ``said_by``: what may be a person's name in the headings or before a line, should this be no code but that person's words;
    ``said``: those.
    ``evidence`` says what recognised platform and event, for a signal's "says".
    """

    id: str
    platform_class: PlatformClass
    event: Event
    actor: str = ""
    handle: str = ""
    actor_address: str = ""
    user_text: str = ""
    authenticated: AuthenticationResult = AuthenticationResult.NONE
    is_lookalike: bool = False
    is_listed: bool = True  # in config/platforms.toml, as opposed to recognised by content alone
    event_is_certain: bool = True
    event_is_stated: bool = (
        False  # where nobody but the service writes: its own header, a code in the subject
    )
    account: str = ""
    said_by: tuple[str, ...] = ()
    said: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class PostingGateway:
    """An outbound recipient that posts to a platform. ``kind``: "post-by-mail" or "reply"."""

    platform_id: str
    address: str
    kind: str
    handle: str = ""
