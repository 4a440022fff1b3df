"""What the evidence folds into: the contract's words on parties, initiators, subjects; and what no score can do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailguard.app.inspect import subjects_of
from mailguard.domain.assess import Assessment, Material, assess
from mailguard.domain.decide import Decision, decide
from mailguard.domain.message import (
    Attachment,
    AttachmentFamily,
    Authentication,
    AuthenticationResult,
    AutomaticMark,
    Calendar,
    Envelope,
    Mailbox,
    MessageFacts,
)
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.policy_check import IMPOSSIBLE
from mailguard.domain.scores import Scores
from mailguard.domain.situation import coordinates
from mailguard.domain.words import Direction, Event, Initiator, Nature, PlatformClass, ReportWhen
from tests.schooling import (
    DECLARED_CHILD,
    DEPUTY,
    HEAD,
    OFFICE,
    PARENT,
    PUPIL,
    PUPIL_AT_HOME,
    SECOND_TEACHER,
    STRANGER,
    TEACHER,
    UNION,
    make_lists,
    make_school,
    shipped_policy,
)

TODAY = date(2026, 11, 24)
PASS, FAIL, NONE = AuthenticationResult.PASS, AuthenticationResult.FAIL, AuthenticationResult.NONE
SCHOOL = make_school()
POLICY = shipped_policy()
NO_LISTS: Any = None  # each property puts the lists in


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    return make_lists(tmp_path_factory.mktemp("lists"))


def facts_of(
    sender: str, *recipients: str, text: str = "Hello there, see you.", name: str = "", **more
) -> MessageFacts:
    mailboxes = (Mailbox(sender, name, "From"), *(Mailbox(address, "", "To") for address in recipients))
    return MessageFacts(
        sha256="0" * 64,
        content_sha256="0" * 64,
        size_bytes=500,
        mailboxes=more.pop("mailboxes", mailboxes),
        own_text=text,
        **more,
    )


def look(
    lists,
    sender: str,
    *recipients: str,
    authentication: AuthenticationResult = NONE,
    scores: Scores | None = None,
    platform: PlatformFacts | None = None,
    mail_from: str | None = None,
    facts: MessageFacts | None = None,
    **more,
) -> tuple[Assessment, Decision]:
    seen = facts or facts_of(sender, *recipients, **more)
    assessment = assess(
        Material(
            facts=seen,
            envelope=Envelope(mail_from=sender if mail_from is None else mail_from, rcpt_tos=recipients),
            authentication=Authentication(overall=authentication),
            school=SCHOOL,
            lists=lists,
            scores=scores or Scores(),
            today=TODAY,
            platform=platform,
            signed_names=lists.signed_names,
            staff_in_text=lists.staff_in_text,
        )
    )
    return assessment, decide(assessment.situations, POLICY)


def natures(*words: str, **more) -> Scores:
    return Scores(model_id="test", nature=dict.fromkeys(words, 0.95), natures_over_threshold=words, **more)


def notification(event: Event, *, id: str = "instagram", **more) -> PlatformFacts:
    return PlatformFacts(id=id, platform_class=PlatformClass.SOCIAL, event=event, **more)


def test_pupil_in_header_from_is_reported_even_when_dmarc_fails(lists):
    assessment, decision = look(lists, PUPIL, TEACHER, authentication=FAIL)
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.CHILD, "D2")
    assert any(signal.code.code == "auth-fail" for signal in assessment.signals)


@pytest.mark.parametrize("header", ["From", "Sender", "Reply-To", "Resent-From"])
def test_listed_child_is_found_wherever_a_sender_is_named(lists, header):
    boxes = (Mailbox(STRANGER, "", "From"), Mailbox(PUPIL_AT_HOME, "", header), Mailbox(TEACHER, "", "To"))
    assessment, decision = look(lists, STRANGER, TEACHER, mailboxes=boxes)
    assert decision.headline.row.code == "D2", header
    assert assessment.initiator is Initiator.CHILD


def test_unlisted_address_under_a_pupil_domain_is_a_childs(lists):
    _, decision = look(lists, "new.pupil@pupils.hill.example", TEACHER)
    assert decision.headline.row.code == "D2"


def test_plus_tag_and_case_do_not_hide_a_child(lists):
    assessment, _ = look(lists, "Ella.Bee+homework@MAIL.example", TEACHER)
    assert assessment.initiator is Initiator.CHILD


def test_shared_address_names_both_children(lists):
    assessment, _ = look(lists, "shared.okafor@mail.example", TEACHER)
    assert {match.person.id for match in assessment.matches} == {"P4", "P5"}


def test_roll_name_on_unlisted_personal_mail_is_probably_a_child(lists):
    assessment, decision = look(lists, "jay4@mail.example", TEACHER, name="Jayden Adeyemi")
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.PROBABLE_CHILD, "D3")


def test_roll_name_on_a_firms_domain_is_an_adult(lists):
    assessment, decision = look(lists, "jayden@firm.example", TEACHER, name="Jayden Adeyemi")
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.OTHER, "Z")


@pytest.mark.parametrize(
    "text",
    [
        "hi sir its ella on mums phone, what was the homework",
        "its ella not my mum lol can u tell me the homework",
        "ella here on dads phone",
        "Hi miss it's me Ella!!! Mum's typing",
        "im using my mums email cos mine is locked. when is the test",
        "Dzień dobry, tu Ella, piszę z maila taty bo mój nie działa. Czy jest jutro sprawdzian?",
        "sir main ella, ammi ke phone se likh rahi hun, kal test hai kya",
        "Ella will be late on Thursday, dentist. Thanks, Priya\n\nps HI MISS its ella 😈 mum left her phone on the couch",
    ],
)
def test_child_on_a_parents_address_is_probable_child(lists, text):
    assessment, decision = look(lists, PARENT, TEACHER, text=text)
    assert decision.headline.row.code == "D3", text
    assert "P1" in {match.person.id for match in assessment.matches}


@pytest.mark.parametrize(
    "text",
    [
        "Ella is poorly today and will not be in. Priya Sharma",
        "It is Ella I am worried about, she is not herself. Can you call me?",
        "Ella left her phone at school, it is not her mum's fault. Thanks, Priya",
        "It's Ella's mum. Dad left her coat on the bus, could you ask the office?",
        "This is Ella's mum. My mum left her phone in your hall, could you look?",
        "Ella is off, her nan isn't looking good. Priya Sharma",
        "Dzień dobry, Ella nie przyjdzie jutro. Piszę z telefonu taty, mój się zepsuł. Priya Sharma",
        "Ella kal nahi aayegi. Main ammi ke phone se likh rahi hun. Priya Sharma",
        "Salam miss, main Ella ki ammi. Ella keh rahi hai ke test Friday ko hai, kya ye theek hai?",
    ],
)
def test_parents_own_letter_stays_the_parents(lists, text):
    _, decision = look(lists, PARENT, TEACHER, text=text)
    assert decision.headline.row.code == "D7", text


def test_grave_natures_of_a_child_reach_level_five(lists):
    for nature in ("disclosure", "meeting_or_secrecy", "threat", "allegation"):
        _, decision = look(lists, PUPIL, TEACHER, scores=natures(nature))
        assert (decision.headline.row.code, decision.headline.level) == ("D1", 5)


def test_picture_without_words_is_an_image(lists):
    picture = Attachment("IMG_1.jpg", "image/jpeg", "image/jpeg", AttachmentFamily.IMAGE, 4000, "1" * 64)
    assessment, decision = look(lists, PUPIL, TEACHER, text="", attachments=(picture,))
    assert assessment.shown_nature is Nature.IMAGE
    assert decision.headline.level == 5


def test_representative_whose_authentication_fails_is_held_as_spoofed(lists):
    _, decision = look(lists, SECOND_TEACHER, TEACHER, authentication=FAIL)
    assert decision.headline.row.code == "R1"


def test_excluded_correspondent_needs_authentication_to_come_in_but_not_to_go_out(lists):
    assert look(lists, UNION, TEACHER, authentication=PASS)[1].headline.row.code == "X1"
    assert look(lists, UNION, TEACHER, authentication=NONE)[1].headline.row.code == "Z"
    assert (
        look(lists, UNION, TEACHER, authentication=FAIL, scores=natures("allegation"))[1].headline.row.code
        == "D4"
    )
    assert look(lists, TEACHER, UNION)[1].headline.row.code == "X1"


def test_excluded_and_another_outside_party_is_not_excluded(lists):
    assert look(lists, UNION, TEACHER, STRANGER, authentication=PASS)[1].headline.row.code != "X1"


def test_declared_relationship_covers_only_its_own_two(lists):
    assert look(lists, DECLARED_CHILD, TEACHER)[1].headline.row.code == "X2"
    assert look(lists, TEACHER, DECLARED_CHILD)[1].headline.row.code == "X2"
    assert look(lists, DECLARED_CHILD, SECOND_TEACHER)[1].headline.row.code == "D2"
    assert look(lists, DECLARED_CHILD, TEACHER, SECOND_TEACHER)[1].headline.row.code == "D2"
    assert look(lists, DECLARED_CHILD, TEACHER, authentication=FAIL)[1].headline.row.code == "D2"
    assert look(lists, DECLARED_CHILD, TEACHER, scores=natures("disclosure"))[1].headline.row.code == "D1"


def test_childs_vacation_words_are_the_childs_and_a_bare_receipt_is_none(lists):
    worded = facts_of(PUPIL, TEACHER, text="im away but pls help me", automatic=AutomaticMark.NULL_SENDER)
    assert look(lists, PUPIL, TEACHER, mail_from="", facts=worded)[1].headline.row.code == "D2"
    receipt = facts_of(
        PUPIL, TEACHER, text="Your message was read on 9 November 2026 20:51.", automatic=AutomaticMark.REPORT
    )
    assert look(lists, PUPIL, TEACHER, mail_from="", facts=receipt)[1].headline.row.code == "X3"


def test_childs_words_in_a_calendar_answer_are_the_childs(lists):
    calendar = Calendar("REPLY", TEACHER, (PUPIL,), "Lesson", "cant come can we talk in private")
    facts = facts_of(PUPIL, TEACHER, text="", automatic=AutomaticMark.CALENDAR_REPLY, calendar=calendar)
    assert look(lists, PUPIL, TEACHER, facts=facts)[1].headline.row.code == "D2"


def test_forged_auto_submitted_does_not_hide_a_child(lists):
    facts = facts_of(PUPIL, TEACHER, text="hi", automatic=AutomaticMark.HEADER)
    assert look(lists, PUPIL, TEACHER, facts=facts)[1].headline.row.code == "D2"


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Mr Brown hit my son today.", {TEACHER}),
        ("A teacher hit my son today.", {TEACHER, SECOND_TEACHER, OFFICE}),
        ("Dear Mr Brown, Miss Green shouted in my son's face and shoved him.", {SECOND_TEACHER}),
    ],
)
def test_allegation_is_held_from_the_accused_or_from_all_but_the_chain(lists, text, held):
    recipients = (TEACHER, SECOND_TEACHER, OFFICE, DEPUTY)
    _, decision = look(lists, PARENT, *recipients, text=text, scores=natures("allegation"))
    assert {o.address for o in decision.outcomes if o.disposition == "hold"} == held
    assert decision.headline.level == 5


def test_colleagues_concern_to_the_chain_is_the_report(lists):
    _, decision = look(lists, TEACHER, HEAD, scores=natures("disclosure"))
    assert (decision.headline.row.code, decision.headline.disposition) == ("D4i", "deliver")
    _, decision = look(lists, TEACHER, SECOND_TEACHER, scores=natures("disclosure"))
    assert decision.headline.row.code == "D4"


@pytest.mark.parametrize(
    ("text", "perhaps", "is_closed"),
    [
        ("Who do I tell when it's Alice? She locks the door and he mustn't say.", 0.24, True),
        ("Who do I tell when it's Alice? She locks the door and he mustn't say.", 0.05, False),
        ("He is afraid of his uncle. I told Alice this morning.", 0.24, False),
        ("He is afraid of his uncle. Alice said to write it down.", 0.24, False),
        ("His sister Alice Marsh in 8B is afraid of her uncle.", 0.24, False),
        ("I have left a note in Alice's pigeonhole.", 0.9, False),
        ("I will go and see Alice about it after lunch.", 0.9, False),
        ("Can Alice ring her mum?", 0.9, False),
        ("A girl called Alice was crying and says he touched her too.", 0.9, False),
        ("Alice and Bob and Carla need to know at once.", 0.9, False),
        ("It was Alice who told me that he locks them in.", 0.9, False),
    ],
)
def test_a_colleagues_letter_on_the_head_by_given_name_is_not_reported_to_the_head(
    lists, text, perhaps, is_closed
):
    scores = Scores(
        model_id="test",
        nature={"disclosure": 0.95, "allegation": perhaps},
        natures_over_threshold=("disclosure",),
    )
    assessment, decision = look(lists, TEACHER, SECOND_TEACHER, text=text, scores=scores)
    assert (HEAD in subjects_of(assessment, decision)) is is_closed
    assert decision.headline.disposition == "deliver"
    sure, held = look(lists, TEACHER, SECOND_TEACHER, text=text, scores=natures("allegation"))
    assert (HEAD in subjects_of(sure, held)) is ("it's Alice" in text)


def test_an_allegation_that_mentions_the_head_in_passing_is_held_from_who_may_be_the_one(lists):
    text = (
        "One of the TAs grabbed a boy by the neck in the corridor. I have left a note in Alice's pigeonhole."
    )
    assessment, decision = look(lists, TEACHER, SECOND_TEACHER, text=text, scores=natures("allegation"))
    assert decision.headline.disposition == "hold"
    assert HEAD not in subjects_of(assessment, decision)


@pytest.mark.parametrize(
    ("recipient", "nature", "row"),
    [
        (PUPIL, "personal", "O1"),
        (PUPIL_AT_HOME, "schoolwork", "O4"),
        (PUPIL, "schoolwork", "Z"),
        (PARENT, "social_invite", "O2"),
        (PARENT, "admin", "Z"),
        (STRANGER, "personal", "Z"),
    ],
)
def test_outbound_rows(lists, recipient, nature, row):
    assessment, decision = look(lists, TEACHER, recipient, scores=natures(nature))
    assert (assessment.direction, decision.headline.row.code) == (Direction.OUTBOUND, row)


def test_registered_handle_is_a_child_and_a_roll_name_probably_one(lists):
    assessment, decision = look(
        lists, "n@mail.instagram.com", TEACHER, platform=notification(Event.FOLLOW, handle="ella.bee")
    )
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.CHILD, "P7")
    assessment, decision = look(
        lists, "n@mail.instagram.com", TEACHER, platform=notification(Event.FOLLOW, actor="Jayden Adeyemi")
    )
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.PROBABLE_CHILD, "P7")


def test_declared_person_as_an_actor_counts_as_other(lists):
    platform = notification(Event.FOLLOW, actor="Jack Brown")
    assert look(lists, "n@mail.instagram.com", TEACHER, platform=platform)[1].headline.row.code == "P9"
    assert look(lists, "n@mail.instagram.com", SECOND_TEACHER, platform=platform)[1].headline.row.code == "P7"


def test_listed_child_in_from_is_direct_mail_whatever_service_carried_it(lists):
    platform = notification(Event.SHARE, id="google-classroom")
    assert look(lists, PUPIL, TEACHER, platform=platform)[1].headline.row.code == "D2"


def test_official_account_is_delivered_and_a_child_on_it_reported(lists):
    follow = notification(Event.FOLLOW, id="facebook", actor="Ella Sharma")
    _, decision = look(lists, "n@facebookmail.com", OFFICE, platform=follow)
    assert (decision.headline.row.code, decision.headline.disposition, decision.headline.report) == (
        "P3",
        "deliver",
        ReportWhen.NOW,
    )
    assert look(lists, "n@facebookmail.com", TEACHER, platform=follow)[1].headline.row.code == "P7"


def test_contradicted_platform_earns_no_trust_but_never_hides_a_child(lists):
    stranger = replace(notification(Event.SECURITY), authenticated=FAIL)
    assert look(lists, "n@mail.instagram.com", TEACHER, platform=stranger)[1].headline.row.code == "P1"
    child = replace(notification(Event.FOLLOW, handle="ella.bee"), authenticated=FAIL)
    assert look(lists, "n@mail.instagram.com", TEACHER, platform=child)[1].headline.row.code == "P7"


@pytest.mark.parametrize(
    ("actor", "words", "row", "person"),
    [
        ("moonraker.5", "sir its jayden adeyemi 9B new acc", "P7", "P2"),
        ("moonraker.5", "my name is Ella Sharma, can u add me", "P7", "P1"),
        ("moonraker.5", "im in your 9B maths set sir", "P7", None),
        ("moonraker.5", "its the best recipe i know", "P9", None),
        ("moonraker.5", "its Ella Sharma's mum, nice pictures", "P9", None),
        ("Priya Sharma", "hi miss its ella on mums zingo", "P7", "P1"),
        ("Priya Sharma", "ella here, borrowed mums phone", "P7", "P1"),
        ("Priya Sharma", "its Ella who told me about the trip on mums side", "P8", None),
        ("Priya Sharma", "lovely photos", "P8", None),
        ("Olive Green", "its jayden adeyemi 9B again in my room", "P9", None),
        ("Jack Brown", "sir its jack brown, im in 7B", "P9", None),
    ],
)
def test_words_typed_into_a_notification_may_say_that_a_child_writes(lists, actor, words, row, person):
    platform = notification(Event.DIRECT_MESSAGE, id="zingo.example", actor=actor, user_text=words)
    assessment, decision = look(lists, "n@zingo.example", TEACHER, platform=platform)
    assert decision.headline.row.code == row
    if row == "P7":
        assert assessment.initiator is Initiator.PROBABLE_CHILD
    if person is not None:
        assert person in {match.person.id for match in assessment.matches}


def test_an_allegation_typed_into_a_notification_is_closed_to_whom_it_names(lists):
    platform = notification(
        Event.DIRECT_MESSAGE, handle="ella.bee", user_text="miss, mrs head had me by the arm, theres a bruise"
    )
    assessment, decision = look(
        lists, "n@mail.instagram.com", TEACHER, platform=platform, scores=natures("allegation")
    )
    assert decision.headline.row.code == "P7"
    assert HEAD in assessment.accused_addresses
    assert subjects_of(assessment, decision) >= {HEAD, TEACHER}


def test_a_web_forms_mail_is_from_whoever_filled_it_in(lists):
    text = (
        "New submission from your contact form\n\nName: E\nE-mail: ella.bee@mail.example\nMessage: is it open"
    )
    assessment, decision = look(lists, "noreply@formpost.example", OFFICE, text=text)
    assert (assessment.initiator, decision.headline.row.code) == (Initiator.CHILD, "D2")


def test_no_form_field_makes_outbound_mail_somebody_elses(lists):
    text = (
        "New submission from your contact form\n\nName: P\nE-mail: priya.sharma@mail.example\nMessage: add me"
    )
    assessment, _ = look(lists, "info@hill.example", PUPIL, text=text)
    assert assessment.direction is Direction.OUTBOUND


# --- properties -----------------------------------------------------------------------------------------------------------

ADDRESSES = st.sampled_from(
    [
        PUPIL,
        PUPIL_AT_HOME,
        PARENT,
        TEACHER,
        SECOND_TEACHER,
        HEAD,
        DEPUTY,
        OFFICE,
        STRANGER,
        UNION,
        DECLARED_CHILD,
        "x@mail.example",
        "no-reply@mail.instagram.com",
        "ella.be@mail.example",
        "",
        "not an address",
    ]
)
NAMES = st.sampled_from(["", "Ella Sharma", "Jayden Adeyemi", "Tom Brown", "Priya Sharma", "Somebody Else"])
TEXTS = st.sampled_from(
    ["", "hi sir its ella on mums phone", "Mr Brown hit me", "The homework is attached.", "see you"]
)
SCORES = st.builds(
    lambda over, voice, child: Scores(
        model_id="m",
        nature=dict.fromkeys(over, 0.9),
        natures_over_threshold=tuple(over),
        is_child_voice=voice,
        initiator={"child": child},
    ),
    st.lists(st.sampled_from([n.value for n in Nature]), unique=True, max_size=4),
    st.booleans(),
    st.floats(0, 1),
)
PLATFORMS = st.none() | st.builds(
    lambda id, event, actor, handle, auth, fake: PlatformFacts(
        id=id,
        platform_class=PlatformClass.SOCIAL,
        event=event,
        actor=actor,
        handle=handle,
        authenticated=auth,
        is_lookalike=fake,
    ),
    st.sampled_from(["instagram", "facebook", "google-classroom"]),
    st.sampled_from(list(Event)),
    NAMES,
    st.sampled_from(["", "ella.bee", "nobody"]),
    st.sampled_from(list(AuthenticationResult)),
    st.booleans(),
)


@st.composite
def materials(draw):
    sender = draw(ADDRESSES)
    recipients = tuple(
        dict.fromkeys(a for a in draw(st.lists(ADDRESSES, min_size=1, max_size=4)) if "@" in a)
    )
    boxes = [Mailbox(sender, draw(NAMES), "From")]
    boxes += [
        Mailbox(draw(ADDRESSES), draw(NAMES), draw(st.sampled_from(["Sender", "Reply-To", "To", "Cc"])))
        for _ in range(draw(st.integers(0, 2)))
    ]
    facts = MessageFacts(
        sha256="0" * 64,
        content_sha256="0" * 64,
        size_bytes=1,
        mailboxes=tuple(boxes),
        own_text=draw(TEXTS),
        automatic=draw(st.sampled_from(list(AutomaticMark))),
        is_readable=draw(st.booleans()),
    )
    return Material(
        facts=facts,
        envelope=Envelope(mail_from=draw(ADDRESSES), rcpt_tos=recipients),
        authentication=Authentication(overall=draw(st.sampled_from(list(AuthenticationResult)))),
        school=SCHOOL,
        lists=NO_LISTS,
        scores=draw(SCORES),
        today=TODAY,
        platform=draw(PLATFORMS),
    )


PROPERTY = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(material=materials())
def test_assessment_stays_in_the_space_that_the_policy_is_proved_over(lists, material):
    assessment = assess(
        replace(material, lists=lists, signed_names=lists.signed_names, staff_in_text=lists.staff_in_text)
    )
    for several in assessment.situations.values():
        for situation in several:
            point = coordinates(situation)
            broken = [
                why
                for why, condition in IMPOSSIBLE
                if all(point[name] in values for name, values in condition.items())
            ]
            assert not broken, point


@PROPERTY
@given(material=materials())
def test_scores_never_lower_a_level_or_suppress_a_report(lists, material):
    """With the model's scores every recipient is at least as gravely reported as without, when a listed child acts or writes."""
    full = replace(material, lists=lists, signed_names=lists.signed_names, staff_in_text=lists.staff_in_text)
    with_model = assess(full)
    without = assess(replace(full, scores=Scores()))
    if without.initiator not in (Initiator.CHILD, Initiator.PROBABLE_CHILD):
        return
    judged, plain = decide(with_model.situations, POLICY), decide(without.situations, POLICY)
    assert judged.headline.report.urgency >= plain.headline.report.urgency
    assert judged.headline.level >= plain.headline.level


@PROPERTY
@given(material=materials())
def test_listed_child_who_writes_to_a_representative_is_always_reported_now_save_x2_and_x3(lists, material):
    full = replace(material, lists=lists, platform=None)
    assessment = assess(full)
    decision = decide(assessment.situations, POLICY)
    writes = any(
        box.header in ("From", "Sender", "Reply-To")
        and any(p.list == "pupils" for p in lists.by_address(box.address))
        for box in full.facts.mailboxes
    )
    if writes and assessment.direction is not Direction.OTHER:
        assert decision.headline.report is ReportWhen.NOW or {o.row.code for o in decision.outcomes} <= {
            "X2",
            "X3",
        }


BULLIES = "they pulled her scarf off and threw it, one of them slapped her and another filmed it. She is scared to go on the bus."


@pytest.mark.parametrize(
    ("text", "allegation", "disposition", "has_allegation"),
    [
        # Wording alone ("Mr", "pulled") makes an allegation of what the model is sure is none: it names but the reader.
        (f"Mr Brown,\n\nSince half term {BULLIES}", 0.3, "deliver", False),
        (f"Mr Brown,\n\nSince half term {BULLIES}", 0.6, "hold", True),
        (f"Dear Mr Brown,\n\n{BULLIES} Mr Brown pulled her out of the door.", 0.3, "hold", True),
        (f"{BULLIES} A teacher pulled her out of the door.", 0.3, "hold", True),
    ],
)
def test_an_allegation_by_wording_alone_is_let_go_where_only_the_reader_is_named(
    lists, text, allegation, disposition, has_allegation
):
    over = ("disclosure", "allegation") if allegation >= 0.4 else ("disclosure",)
    scores = Scores(
        model_id="m", nature={"disclosure": 0.95, "allegation": allegation}, natures_of_adult=over
    )
    assessment, decision = look(lists, PARENT, TEACHER, text=text, scores=scores)
    assert decision.headline.row.code == "D4"
    assert (Nature.ALLEGATION in assessment.natures) is has_allegation
    assert decision.headline.disposition == disposition
