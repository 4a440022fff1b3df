"""A model that says anything at all can never make less of a listed child's message than the lists do alone (rule 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailguard.app.inspect import Inspection, Inspector
from mailguard.classifier.artefact import DarkClassifier
from mailguard.domain.message import Envelope, MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Disposition, Event, Initiator, Kind, Nature
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path
from tests.schooling import (
    DECLARED_CHILD,
    HEAD,
    NOW,
    PUPIL,
    PUPIL_AT_HOME,
    SECOND_TEACHER,
    TEACHER,
    make_lists,
    make_school,
    shipped_policy,
)


def mail(sender: str, to: str, subject: str, body: str, *headers: str) -> bytes:
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", *headers, "", body, ""]
    return "\r\n".join(lines).encode()


MESSAGES: Mapping[str, tuple[bytes, str, str]] = {
    "homework": (mail(PUPIL, TEACHER, "homework", "please sir where is the sheet"), PUPIL, TEACHER),
    "from home": (mail(PUPIL_AT_HOME, TEACHER, "hi", "r u there"), PUPIL_AT_HOME, TEACHER),
    "disclosure": (
        mail(PUPIL, TEACHER, "please", "my stepdad hits me every night and i am scared to go home"),
        PUPIL,
        TEACHER,
    ),
    "to the Head": (mail(PUPIL, HEAD, "question", "when is the play"), PUPIL, HEAD),
    "looks like mass mail": (
        mail(PUPIL, TEACHER, "Newsletter", "Our catalogue is out", "List-Unsubscribe: <mailto:x@y.example>"),
        PUPIL,
        TEACHER,
    ),
    "forwarded": (
        mail(
            PUPIL, TEACHER, "Fwd: hi", "---------- Forwarded message ---------\r\nFrom: x@y.example\r\n\r\nhi"
        ),
        PUPIL,
        TEACHER,
    ),
    "declared to another": (
        mail(DECLARED_CHILD, SECOND_TEACHER, "hi", "hello miss"),
        DECLARED_CHILD,
        SECOND_TEACHER,
    ),
    "registered handle": (
        mail(
            "Instagram <no-reply@mail.instagram.com>",
            TEACHER,
            "ella.bee wants to follow you",
            "ella.bee has requested to follow you on Instagram.",
        ),
        "no-reply@mail.instagram.com",
        TEACHER,
    ),
    "registered handle before a code": (
        mail(
            "Instagram <no-reply@mail.instagram.com>",
            TEACHER,
            "ella.bee: 482913 is your code",
            "hi miss can we meet at the park",
        ),
        "no-reply@mail.instagram.com",
        TEACHER,
    ),
    "pupil beside the service that sends a code": (
        mail(
            '"Ella Sharma (Facebook)" <notification@facebookmail.com>',
            TEACHER,
            "Forgot your password?",
            "come and chat to me",
        ),
        "notification@facebookmail.com",
        TEACHER,
    ),
    "pupil before words that only a model takes for a code": (
        mail(
            "Instagram <no-reply@mail.instagram.com>",
            TEACHER,
            "ella.bee: your 6 digits are 482 913",
            "ella.bee sent you a message\r\nhi miss can we meet at the park tonight, dont tell anyone",
        ),
        "no-reply@mail.instagram.com",
        TEACHER,
    ),
    "pupil before a code": (
        mail(
            "Discord <noreply@discord.com>",
            TEACHER,
            "Ella Sharma: reset your password",
            "hi miss can we meet at the park tonight, dont tell anyone",
        ),
        "noreply@discord.com",
        TEACHER,
    ),
    "registered handle in news of others": (
        mail(
            "Instagram <no-reply@mail.instagram.com>",
            TEACHER,
            "ella.bee just posted",
            "See what ella.bee posted.",
        ),
        "no-reply@mail.instagram.com",
        TEACHER,
    ),
}

probability = st.floats(0, 1)


def said(
    words: type[Kind] | type[Event] | type[Nature] | type[Initiator],
) -> st.SearchStrategy[dict[str, float]]:
    return st.one_of(
        st.just({}),
        st.fixed_dictionaries(
            {word.value: st.one_of(st.sampled_from((0.0, 1.0)), probability) for word in words}
        ),
    )


natures = st.lists(st.sampled_from([nature.value for nature in Nature]), unique=True).map(tuple)
scores = st.builds(
    Scores,
    model_id=st.sampled_from(["", "hostile"]),
    kind=said(Kind),
    event=said(Event),
    nature=said(Nature),
    initiator=said(Initiator),
    natures_over_threshold=natures,
    natures_of_child=st.one_of(st.none(), natures),
    natures_of_adult=st.one_of(st.none(), natures),
    is_child_voice=st.booleans(),
    is_likely_child=st.booleans(),
    is_uncertain=st.booleans(),
)


@dataclass(frozen=True, slots=True)
class Hostile:
    says: Scores
    model_id: str = "hostile"

    def predict(self, facts: MessageFacts) -> Scores:
        return self.says


class Clock:
    def now(self) -> object:
        return NOW


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Inspector:
    school = make_school()
    lists = make_lists(tmp_path_factory.mktemp("lists"), school)
    path: Path = shipped_path("config/platforms.toml")
    return Inspector(
        school=school,
        policy=shipped_policy(),
        recognisers=Recognisers.from_toml(path.read_bytes(), "platforms.toml"),
        lists=lambda: lists,
        classifier=lambda: DarkClassifier(reason="none"),
        clock=Clock(),  # type: ignore[arg-type]
        trusted_authserv_ids=frozenset(),
    )


def inspected(inspector: Inspector, name: str, model: object) -> Inspection:
    raw, mail_from, rcpt_to = MESSAGES[name]
    return inspected_mail(inspector, raw, mail_from, rcpt_to, model)


def inspected_mail(
    inspector: Inspector, raw: bytes, mail_from: str, rcpt_to: str, model: object
) -> Inspection:
    other = Inspector(
        school=inspector.school,
        policy=inspector.policy,
        recognisers=inspector.recognisers,
        lists=inspector.lists,
        classifier=lambda: model,  # type: ignore[arg-type, return-value]
        clock=inspector.clock,
        trusted_authserv_ids=frozenset(),
    )
    return other.inspect(raw, Envelope(mail_from=mail_from, rcpt_tos=(rcpt_to,)))


@pytest.mark.parametrize("name", MESSAGES)
def test_without_a_model_the_lists_report_it(inspector: Inspector, name: str):
    headline = inspected(inspector, name, DarkClassifier(reason="none")).headline
    assert headline.report.urgency == 2, headline.row.code


@pytest.mark.parametrize("name", MESSAGES)
@given(says=scores)
@settings(max_examples=40, deadline=None)
def test_whatever_a_model_says_a_listed_child_s_message_is_reported_no_less(
    inspector: Inspector, name: str, says: Scores
):
    alone = inspected(inspector, name, DarkClassifier(reason="none"))
    with_model = inspected(inspector, name, Hostile(says))
    before, after = alone.headline, with_model.headline
    assert after.report.urgency >= before.report.urgency
    assert after.level >= before.level
    assert after.disposition is before.disposition or after.disposition is Disposition.HOLD
    assert set(with_model.route.to) == set(alone.route.to) or after.level > before.level
    assert after.verdict is before.verdict


def test_a_letter_that_a_model_calls_a_notification_is_decided_no_milder(inspector: Inspector):
    sender = "info@stwalburgclub.example"
    raw = mail(
        f"Info <{sender}>",
        TEACHER,
        "Ann Reed sent you a message",
        "Ann Reed sent you a message.\r\none of your boys has burns on his back",
        "List-Unsubscribe: <mailto:x@y.example>",
    )
    kind, event = {Kind.NOTIFICATION.value: 1.0}, {Event.DIRECT_MESSAGE.value: 1.0}
    harmless = inspected_mail(
        inspector, raw, sender, TEACHER, Hostile(Scores(model_id="hostile", kind=kind, event=event))
    )
    assert harmless.headline.row.code == "P9"
    told = Scores(
        model_id="hostile",
        kind=kind,
        event=event,
        nature={Nature.DISCLOSURE.value: 0.99},
        natures_over_threshold=(Nature.DISCLOSURE.value,),
    )
    assert inspected_mail(inspector, raw, sender, TEACHER, Hostile(told)).headline.row.code == "D4"


@pytest.mark.parametrize(
    ("subject", "worded", "model", "likely", "taken"),
    [
        ("Ann Reed tagged you", Event.MENTION, Event.PHOTO_TAG, 0.99, Event.PHOTO_TAG),
        ("Ann Reed tagged you", Event.MENTION, Event.PHOTO_TAG, 0.9, Event.MENTION),
        ("Ann Reed tagged you", Event.MENTION, Event.DIGEST, 1.0, Event.MENTION),
        ("Ann Reed tagged you", Event.MENTION, Event.FRIEND_ACCEPTED, 1.0, Event.MENTION),
        ("Your weekly digest", Event.DIGEST, Event.MARKETING, 0.99, Event.MARKETING),
        ("Your weekly digest", Event.DIGEST, Event.FRIEND_REQUEST, 0.99, Event.FRIEND_REQUEST),
        ("Your weekly digest", Event.DIGEST, Event.SECURITY, 1.0, Event.DIGEST),
        ("Your weekly digest", Event.DIGEST, Event.SUGGESTION, 1.0, Event.DIGEST),
        ("People you may know", Event.SUGGESTION, Event.FOLLOW, 1.0, Event.SUGGESTION),
        ("Your weekly digest", Event.DIGEST, Event.FOLLOW, float("nan"), Event.DIGEST),
        (
            "Ann Reed accepted your friend request",
            Event.FRIEND_ACCEPTED,
            Event.FRIEND_REQUEST,
            1.0,
            Event.FRIEND_ACCEPTED,
        ),
        ("123456 is your login code", Event.SECURITY, Event.DIRECT_MESSAGE, 1.0, Event.SECURITY),
        ("Words of no wording", Event.OTHER, Event.MARKETING, 0.6, Event.MARKETING),
        ("Words of no wording", Event.OTHER, Event.SECURITY, 0.8, Event.OTHER),
        ("Words of no wording", Event.OTHER, Event.SECURITY, 0.95, Event.SECURITY),
    ],
)
def test_a_model_that_is_all_but_sure_corrects_wording_but_makes_no_less_of_it(
    inspector: Inspector, subject: str, worded: Event, model: Event, likely: float, taken: Event
):
    sender = "no-reply@mail.instagram.com"
    raw = mail(f"Instagram <{sender}>", TEACHER, subject, "See it on Instagram.")

    def event(says: object) -> Event | None:
        platform = inspected_mail(inspector, raw, sender, TEACHER, says).assessment.platform
        return platform.event if platform is not None else None

    assert event(DarkClassifier(reason="none")) is worded
    rest = {other.value: (1 - likely) / (len(Event) - 1) for other in Event}
    scores = Scores(model_id="some", kind={Kind.NOTIFICATION.value: 1.0}, event={**rest, model.value: likely})
    assert event(Hostile(scores)) is taken


def test_no_model_makes_a_code_of_mail_in_which_somebody_acts(inspector: Inspector):
    sender = "notification@facebookmail.com"
    raw = mail(f"Facebook <{sender}>", TEACHER, "Tia Jones bla bli 4821", "See it on Facebook.")
    scores = Scores(
        model_id="some",
        kind={Kind.NOTIFICATION.value: 1.0},
        event={Event.SECURITY.value: 0.95, Event.COMMENT.value: 0.05},
    )
    platform = inspected_mail(inspector, raw, sender, TEACHER, Hostile(scores)).assessment.platform
    assert platform is not None
    assert platform.actor == "Tia Jones"
    assert platform.event is not Event.SECURITY


def test_what_a_service_states_in_its_own_header_no_model_changes(inspector: Inspector):
    sender = "notification+x@facebookmail.com"
    raw = mail(
        f"Facebook <{sender}>",
        TEACHER,
        "Ann Reed",
        "See it on Facebook.",
        "X-Facebook-Notify: friend_request; x",
    )
    scores = Scores(
        model_id="some", kind={Kind.NOTIFICATION.value: 1.0}, event={Event.DIRECT_MESSAGE.value: 1.0}
    )
    platform = inspected_mail(inspector, raw, sender, TEACHER, Hostile(scores)).assessment.platform
    assert platform is not None
    assert platform.event is Event.FRIEND_REQUEST
