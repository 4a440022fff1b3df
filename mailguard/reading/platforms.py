"""Recognises the mail of social platforms: which service, what happened, who acted, what that person typed.

Rules are data (config/platforms.toml). Nothing here judges: a look-alike and a failed authentication are facts for
``mailguard.domain.assess``. Source: DECISIONS.md, "Platform" and "Event"; SAFEGUARDING.md, "Platforms".
SECURITY: everything read here may be forged; a platform's name in words alone never makes mail the platform's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from mailguard.domain.message import AutomaticMark, MessageFacts
from mailguard.domain.platform import PlatformFacts, PostingGateway
from mailguard.domain.scores import Scores
from mailguard.domain.words import CONTACT_EVENTS, Event, Kind, PlatformClass
from mailguard.reading.platforms_account import account_of
from mailguard.reading.platforms_actor import (
    Name,
    actor_address,
    actor_of,
    is_sender_itself,
    leading_name,
    name_beside_service,
    with_whole_name,
)
from mailguard.reading.platforms_event import (
    Found,
    WordingSet,
    find_event,
    names_told,
    news_lines,
    notification_text,
    wordings_of,
)
from mailguard.reading.platforms_file import load
from mailguard.reading.platforms_gateway import Gateways, SocialLinks
from mailguard.reading.platforms_rules import Platform, PlatformFile, PlatformsProblem
from mailguard.reading.platforms_said import may_have_said, what_was_said
from mailguard.reading.platforms_sender import (
    Recognised,
    Sender,
    SenderIndex,
    sender_of,
)
from mailguard.reading.platforms_text import NotificationText
from mailguard.reading.platforms_unlisted import (
    ASKED_BY_A_PERSON,
    CONTACT_OF_UNLISTED,
    event_by_build,
    event_by_sure_model,
    event_of_forum,
    is_built_as_service,
    is_of_a_forum,
    is_office_mail,
    may_be_service,
    models_word,
    unlisted_class,
    unlisted_id,
)
from mailguard.reading.platforms_words import user_text

__all__ = ["PlatformsProblem", "Recognisers"]

# No office's machine says so: a workspace has invitations, and who accepts them, too.
_ANSWERS = frozenset({AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY})
_PERSONAL = CONTACT_EVENTS | {Event.SECURITY, Event.MODERATION, Event.SIGN_UP}


class Recognisers:
    """The recognisers of one file. ``version``: first 12 hex digits of the SHA-256 over it."""

    def __init__(self, file: PlatformFile) -> None:
        self.version = file.version
        self.classes: Mapping[str, PlatformClass] = MappingProxyType(
            {platform.id: platform.platform_class for platform in file.platforms}
        )
        self._rules = file.text
        self._names = {platform.id: platform.name for platform in file.platforms}
        self._wordings = wordings_of(file)
        self._senders = SenderIndex(file.platforms, file.never, file.text)
        self._gateways = Gateways(file.platforms)
        self._links = SocialLinks(file.platforms)

    @classmethod
    def from_toml(cls, data: bytes, source: str, *, is_known: bool = False) -> Recognisers:
        """Raises PlatformsProblem with everything that is wrong: file, key, value, fix. ``is_known``: see ``platforms_file.load``."""
        return cls(load(data, source, is_known=is_known))

    @property
    def names(self) -> dict[str, str]:
        """How each listed platform writes its name, by id."""
        return dict(self._names)

    def recognise(self, facts: MessageFacts) -> PlatformFacts | None:
        """A listed platform's notification, or mail that claims to be one; None for anything else."""
        sender = sender_of(facts)
        if sender is None or self._senders.is_never(sender) or facts.automatic in _ANSWERS:
            return None
        recognised = self._senders.listed(sender, facts)
        text = None
        if recognised is None:
            claim = self._senders.claim(sender)
            if claim is None:
                return None
            text = notification_text(facts, self._rules)
            recognised = self._senders.claimed(claim, facts, text, self._has_news(text))
        if recognised is None:
            return None
        return self._read(recognised, sender, facts, text or notification_text(facts, self._rules))

    def recognise_unlisted(self, facts: MessageFacts, scores: Scores) -> PlatformFacts | None:
        """A notification by a service nobody listed: a forum's, by its build beside the model's word, or by a sure model.

        ``scores``: the model's, for kind and event. Without a model only a forum's is recognised. See ``platforms_unlisted``.
        """
        sender, word, is_forum = sender_of(facts), models_word(scores), is_of_a_forum(facts, scores)
        if sender is None or self._senders.is_never(sender) or not (is_forum or word.may_be_notification):
            return None
        text = notification_text(facts, self._rules)
        if self._senders.listed(sender, facts) is not None:
            return None
        shared = self._wordings[""]
        said = find_event(facts, text, None, shared, sender.local_part)
        typed = self._typed_for_sure(said, text, facts)
        is_personal = word.is_plain and said.is_certain and said.event in ASKED_BY_A_PERSON
        if is_office_mail(facts, text, self._rules, typed=typed, words_count=not is_personal):
            return None
        found = event_of_forum(said) if is_forum else None
        if found is None and word.is_notification and is_built_as_service(sender, facts, text, self._rules):
            found = event_by_build(word, said, text, self._rules)
        why = "sent by a forum's program" if is_forum else "words of contact in a service's mail"
        if found is None:
            found = event_by_sure_model(word, said, sender, text, self._rules)
            why = f"a service's mail, surely a notification ({word.notification:.2f}{_moved_by(scores)})"
        if found is None:
            return None
        return self._of_unlisted(sender, facts, text, found, is_forum=is_forum, why=why)

    def contact_by_wording(self, facts: MessageFacts) -> PlatformFacts | None:
        """The contact that wording is certain of in a machine's mail, whatever a model takes it for, for those who know the roll."""
        sender = sender_of(facts)
        if sender is None or self._senders.is_never(sender) or not may_be_service(sender, self._rules):
            return None
        text = notification_text(facts, self._rules)
        if self._senders.listed(sender, facts) is not None:
            return None
        said = find_event(facts, text, None, self._wordings[""], sender.local_part)
        if not said.is_certain or said.event not in CONTACT_EVENTS:
            return None
        # Only by its structure: a pupil chooses what a group is called.
        if is_office_mail(facts, text, self._rules, words_count=False):
            return None
        why = "words of contact in a machine's mail"
        return self._of_unlisted(sender, facts, text, said, is_forum=False, why=why)

    def _of_unlisted(
        self,
        sender: Sender,
        facts: MessageFacts,
        text: NotificationText,
        found: Found,
        *,
        is_forum: bool,
        why: str,
    ) -> PlatformFacts:
        shared = self._wordings[""]
        told = (found.who, *names_told(text, shared, found.event))
        name = actor_of(found.event, told, text, facts, None, self._rules)
        if found.event in CONTACT_EVENTS and (not name or is_sender_itself(name, sender)):
            name = leading_name(text, None, self._rules, is_in_text=True) or name
        return PlatformFacts(
            id=unlisted_id(sender),
            platform_class=PlatformClass.FORUM if is_forum else unlisted_class(),
            event=found.event,
            actor=name.shown,
            handle=name.handle,
            actor_address=actor_address(text, facts),
            user_text=self._user_text(found.event, name, text, facts, shared),
            authenticated=facts.authentication.overall,
            is_listed=False,
            event_is_certain=found.is_certain,
            said_by=may_have_said(facts, text),
            said=what_was_said(facts, text),
            evidence=f"{why}, event by {found.where}",
        )

    def _typed_for_sure(self, said: Found, text: NotificationText, facts: MessageFacts) -> str:
        """A person's words beside news that wording names for sure: "i got a parcel 4 u" makes no courier of the service."""
        if not said.is_certain or said.event not in CONTACT_OF_UNLISTED or not said.who:
            return ""
        if said.event in (Event.FRIEND_REQUEST, Event.FOLLOW):
            # No office asks to be a friend: what else stands there is about the person.
            return "\n".join(line.text for line in text.lines)
        shared = self._wordings[""]
        name = actor_of(said.event, (said.who,), text, facts, None, self._rules)
        return self._user_text(said.event, name, text, facts, shared) if name else ""

    def service_words(self, facts: MessageFacts) -> MessageFacts | None:
        """Mail of a service nobody listed that relays what a person typed, without that person's words; None for other mail.

        A child's chatter outweighs the service's few words: the model then takes the whole for a letter.
        """
        sender = sender_of(facts)
        if sender is None or self._senders.is_never(sender) or not may_be_service(sender, self._rules):
            return None
        text = notification_text(facts, self._rules)
        if self._senders.listed(sender, facts) is not None or is_office_mail(facts, text, self._rules):
            return None
        shared = self._wordings[""]
        found = find_event(facts, text, None, shared, sender.local_part)
        if found.event not in CONTACT_OF_UNLISTED or not found.is_certain:
            return None
        name = actor_of(found.event, (found.who,), text, facts, None, self._rules)
        typed = self._user_text(found.event, name, text, facts, shared)
        if not name or not typed:
            return None
        own = "\n".join(line.text for line in text.lines if line.text not in typed)
        return replace(facts, own_text=own, quoted_text="")

    def gateway(self, address: str) -> PostingGateway | None:
        """The post-by-mail or reply address of a platform that this is."""
        return self._gateways.find(address)

    def social_link(self, url: str) -> str:
        """Id of the platform of whose person or group this URL is the page or invitation, else ""."""
        return self._links.find(url)

    def _has_news(self, text: NotificationText) -> bool:
        shared = self._wordings[""]
        found = (shared.find(line) for line in (*text.subjects, *text.lines[:6]))
        return any(news is not None and news.event in _PERSONAL for news in found)

    def _read(
        self, recognised: Recognised, sender: Sender, facts: MessageFacts, text: NotificationText
    ) -> PlatformFacts:
        platform = recognised.platform
        wordings = self._wordings[platform.id]
        from_person = name_beside_service(facts, platform, self._rules)
        found = find_event(
            facts, text, platform, wordings, sender.local_part, is_from_person=bool(from_person)
        )
        if platform.is_by_header and found.where == "neither":
            found = Found(
                Event.COMMENT, found.who, "header"
            )  # a forum mails what was posted, without a word of its own
        told = (found.who, *names_told(text, wordings, found.event))
        name = actor_of(found.event, told, text, facts, platform, self._rules)
        if not name and found.where == "neither":
            name = leading_name(text, platform, self._rules)
        if name:
            news = news_lines(text, wordings, found.event, (name.shown, name.handle))
            name = with_whole_name(name, [text.lines[place] for place in sorted(news)])
        return PlatformFacts(
            id=platform.id,
            platform_class=platform.platform_class,
            event=found.event,
            actor=name.shown,
            handle=name.handle or self._handle_in_links(platform, found.event, name, facts, text),
            actor_address=actor_address(text, facts) if found.event in CONTACT_EVENTS else "",
            user_text=self._user_text(found.event, name, text, facts, wordings),
            authenticated=facts.authentication.overall,
            is_lookalike=recognised.is_lookalike,
            account=account_of(facts),
            event_is_certain=found.is_certain,
            # A code in the subject too: it expires while it is held. In the text alone it may be what somebody typed.
            event_is_stated=found.where.startswith("header")
            or (found.event is Event.SECURITY and found.where == "subject"),
            said_by=may_have_said(facts, text),
            said=what_was_said(facts, text),
            evidence=f"{recognised.evidence}; event by {found.where}",
        )

    def _user_text(
        self, event: Event, name: Name, text: NotificationText, facts: MessageFacts, wordings: WordingSet
    ) -> str:
        return user_text(
            event,
            name,
            text,
            facts,
            self._rules,
            news_lines(text, wordings, event, (name.shown, name.handle)),
        )

    def _handle_in_links(
        self, platform: Platform, event: Event, name: Name, facts: MessageFacts, text: NotificationText
    ) -> str:
        """The handle in the page of the person who acted, where the mail leads to one."""
        if event not in (Event.FOLLOW, Event.FRIEND_REQUEST, Event.FRIEND_ACCEPTED) or not name:
            return ""
        for link in facts.links[:20]:
            if self._links.find(link.url) != platform.id:
                continue
            handle = link.url.split("?")[0].rstrip("/").rpartition("/")[2].lstrip("@")
            if (
                handle
                and not handle.isdigit()
                and handle.casefold() not in {greeted.casefold() for greeted in text.greeted}
            ):
                return handle if not handle.endswith(".php") else ""
        return ""


def _moved_by(scores: Scores) -> str:
    """The words by which the model takes a message for a notification, for people; "" where it names none."""
    words = scores.reasons.get(f"kind.{Kind.NOTIFICATION.value}", ())[:3]
    return "".join(f', "{word}"' for word in words)
