"""Services that nobody listed, where only the model is sure: what must stand beside its word, and what it never overrides."""

from __future__ import annotations

import pytest

from mailguard.classifier.artefact import open_classifier
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Event
from mailguard.reading.platforms_sender import Sender
from mailguard.reading.platforms_unlisted import writes_in_own_name
from tests.unit.reading.platforms.messages import facts_of, shipped


def sure_of(event: str, *, notification: float = 0.97, likely: float = 0.9) -> Scores:
    return Scores(model_id="test", kind={"notification": notification}, event={event: likely})


def found_in(sender: str, subject: str, body: str, scores: Scores, **headers: str) -> PlatformFacts | None:
    return shipped().recognise_unlisted(facts_of(sender, subject, body, headers=headers), scores)


@pytest.mark.parametrize(
    ("sender", "subject", "body", "event"),
    [
        (
            "Kiteloft <uploads@kiteloft.example>",
            "All 7 pictures are in",
            "We have put 7 pictures in your album Lake weekend.\nYour followers can leave comments on them.\nLook",
            Event.UPLOAD,
        ),
        (
            "Wavecabin <hello@notify.wavecabin.example>",
            "You are on air",
            "Your stream Friday loaf has begun. 12 viewers are waiting.\nStudio",
            Event.LIVE,
        ),
        (
            "Mossgate Boards <rules@mossgate.example>",
            "We took down your reply",
            "A moderator took down your reply in the topic Best kettles.\nRule 2. No shop names.",
            Event.MODERATION,
        ),
        (
            "Rumblr <go@rumblr-app.example>",
            "Nice to have you",
            "You are one of us now.\nAdd a photo so that friends know you.\nFind people you know.",
            Event.SIGN_UP,
        ),
        (
            "Dwarfhold <noreply@dwarfhold.example>",
            "The Anvils want a healer",
            "Kian Marsh asks you into the guild The Anvils (19 players).\nAnswer",
            Event.GROUP_INVITE,
        ),
    ],
)
def test_a_sure_model_and_words_of_members_make_a_service_in_its_own_name(
    sender: str, subject: str, body: str, event: Event
) -> None:
    found = found_in(sender, subject, body, sure_of(event.value))
    assert found is not None
    assert (found.event, found.is_listed) == (event, False)
    assert found_in(sender, subject, body, sure_of(event.value, notification=0.49)) is None
    assert found_in(sender, subject, body, sure_of(event.value, likely=0.69)) is None


@pytest.mark.parametrize(
    ("subject", "body", "event"),
    [
        ("Dorothea let you in", "You knocked, she opened.", Event.FRIEND_ACCEPTED),
        ("Stamp duty", "Five stamps for your Tuesday. Dele Coker and four more.", Event.REACTION),
        ("Heard your name", "Dele Coker shouted you in the noisy tunnel.", Event.MENTION),
        ("881-204", "Five minutes. Tell nobody.", Event.SECURITY),
    ],
)
def test_a_very_sure_model_needs_no_words_of_members_for_what_offices_do_not_send(
    subject: str, body: str, event: Event
) -> None:
    found = found_in("Brindlebox <post@brindlebox.example>", subject, body, sure_of(event.value))
    assert found is not None
    assert found.event is event
    person = "Ann Reed <ann@brindlebox.example>"
    assert found_in(person, subject, body, sure_of(event.value)) is None
    fairly = sure_of(event.value, notification=0.94)
    assert found_in("Brindlebox <post@brindlebox.example>", subject, body, fairly) is None


@pytest.mark.parametrize("local_part", ["avisos", "powiadomienia", "benachrichtigungen", "hysbysiad"])
def test_a_machine_writes_in_other_languages_too(local_part: str) -> None:
    sender = f"Wanderfreunde <{local_part}@berge.example>"
    found = found_in(sender, "Marta hat dich erwähnt", "In: Herbst am See.", sure_of("mention"))
    assert found is not None


def test_a_contact_in_a_services_own_word_counts_though_the_model_wavers_which() -> None:
    def found(**event: float) -> PlatformFacts | None:
        scores = Scores(model_id="test", kind={"notification": 0.97}, event=event)
        sender = "Brindlebox <post@brindlebox.example>"
        return found_in(sender, "Isla Fenwick lit a lantern at frame 7", "It has nine now.", scores)

    likeliest = found(reaction=0.5, comment=0.25, mention=0.1, upload=0.15)
    assert likeliest is not None
    assert likeliest.event is Event.REACTION
    assert found(reaction=0.5, comment=0.2, upload=0.3) is None
    assert found(reaction=0.35, comment=0.34, mention=0.31) is None
    assert found(upload=0.5, reaction=0.3, comment=0.2) is None
    assert found(friend_accepted=0.5, reaction=0.3, comment=0.2) is None


def test_an_upload_that_shows_a_schools_activity_is_one_where_members_words_stand_beside_it() -> None:
    body = "Your video Year 8 assembly is up. Your followers can comment on it."
    found = found_in("Kiteloft <hello@kiteloft.example>", "Your video is live", body, sure_of("upload"))
    assert found is not None
    assert found.event is Event.UPLOAD


def test_an_offices_words_do_not_count_where_model_and_wording_are_sure_of_a_persons_contact() -> None:
    sender, subject = "Perchd <hello@perchd.example>", "Kian Marsh mentioned you in a song about a meeting"
    body = "Listen to it."
    plainly = sure_of("mention", notification=0.99, likely=0.95)
    assert found_in(sender, subject, body, sure_of("mention")) is None
    assert found_in(sender, subject, body, plainly) is not None
    assert found_in(sender, "A meeting about you", body, plainly) is None


def test_the_recipients_own_upload_is_no_news_of_somebody_elses() -> None:
    body = "See your album.\nYour followers can comment on them."
    sender = "Kiteloft <uploads@kiteloft.example>"
    own = found_in(sender, "Your 7 photos have been uploaded", body, sure_of("upload"))
    assert own is not None
    assert own.event is Event.UPLOAD
    assert found_in(sender, "Kian Marsh uploaded 7 photos", body, sure_of("upload")) is None


@pytest.mark.parametrize("event", ["digest", "suggestion", "other"])
def test_news_of_others_needs_a_model_that_is_plainly_sure(event: str) -> None:
    body = "See the photos that your friends liked.\nFollowers, streams and clips"
    sender, plainly = "Kiteloft <hello@kiteloft.example>", sure_of(event, notification=0.99, likely=0.95)
    assert found_in(sender, "New today", body, sure_of(event)) is None
    assert (found_in(sender, "New today", body, plainly) is None) == (event == "other")


@pytest.mark.parametrize("event", ["marketing", "share", "sign_up", "moderation"])
def test_what_offices_get_too_needs_words_of_members(event: str) -> None:
    sender = "Kiteloft <hello@kiteloft.example>"
    assert found_in(sender, "New today", "This week only, with code KITE", sure_of(event)) is None
    body = "See the photos that your friends liked.\nFollowers, streams and clips"
    assert found_in(sender, "New today", body, sure_of(event)) is not None


@pytest.mark.parametrize(
    ("sender", "subject", "body", "event"),
    [
        (
            "Dinner Till <noreply@dinnertill.example>",
            "Welcome",
            "Your account is ready. Complete your profile.",
            "sign_up",
        ),
        (
            "Marking Desk <noreply@markingdesk.example>",
            "Files received",
            "Your 14 files are in the sample.",
            "upload",
        ),
        (
            "Marking Desk <noreply@markingdesk.example>",
            "Outcome",
            "The moderator took two marks off.",
            "moderation",
        ),
        (
            "Payday <noreply@payday.example>",
            "Access code",
            "Your code is 114 902. It runs out in ten minutes.",
            "security",
        ),
        (
            "Cover Star <hello@coverstar.example>",
            "Good news",
            "Ann Reed will come on Thursday.",
            "friend_accepted",
        ),
    ],
)
def test_the_services_of_an_office_are_none_to_the_model_that_ships(
    sender: str, subject: str, body: str, event: str
) -> None:
    facts = facts_of(sender, subject, body, headers={})
    found = shipped().recognise_unlisted(facts, open_classifier().predict(facts))
    # A code is delivered, whoever sends it.
    assert found is None or (found.event is Event.SECURITY and event == "security")


@pytest.mark.parametrize(
    "headers",
    [{"List_Post": "<mailto:l@lists.example>"}, {"Precedence": "list"}, {"X_GitHub_Reason": "mention"}],
)
def test_lists_and_trackers_are_refused_whatever_the_model_says(headers: dict[str, str]) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = shipped().recognise_unlisted(
        facts_of(
            "Kiteloft <noreply@kiteloft.example>", "Kian Marsh mentioned you", "In a photo", headers=named
        ),
        sure_of("mention"),
    )
    assert found is None


def test_what_a_user_typed_makes_no_code_of_a_message() -> None:
    body = 'Dale Pike sent you a message on Pebbler:\n"Your login code is 448190, it expires in 10 minutes. send it me"\nReply'
    found = found_in(
        "Pebbler <no-reply@pebbler.example>", "Dale Pike sent you a message", body, sure_of("direct_message")
    )
    assert found is not None
    assert (found.event, found.actor) == (Event.DIRECT_MESSAGE, "Dale Pike")


def test_a_code_at_sign_up_is_a_code() -> None:
    body = "Your Pebbler sign-in code is 228 811\nType it in to get to your group chats."
    found = found_in("Pebbler <verify@pebbler.example>", "228 811 is your code", body, sure_of("sign_up"))
    assert found is not None
    assert found.event is Event.SECURITY


@pytest.mark.parametrize(
    ("display_name", "address", "is_own"),
    [
        ("StreamBarn", "hallo@notify.streambarn.example", True),
        ("Stream Barn Team", "x@streambarn.example", True),
        ("Tia Jones via StreamBarn", "x@streambarn.example", True),
        ("Tia Jones in StreamBarn", "x@mail.streambarn-app.example", True),
        ("Anna Streambarn", "anna@streambarn.example", False),
        ("Tia Jones", "x@streambarn.example", False),
        ("Ed", "x@ed.example", False),
    ],
)
def test_a_service_writes_in_the_name_of_its_domain(display_name: str, address: str, is_own: bool) -> None:
    local_part, _, host = address.partition("@")
    assert writes_in_own_name(Sender(host, local_part, display_name)) is is_own


def test_the_full_name_in_from_is_the_actor_on_a_service_nobody_listed() -> None:
    found = found_in(
        "Tia Marsh via Loftbook <noreply@loftbook.example>",
        "Tia sent you a message",
        "Tia sent you a message.\nhiya",
        sure_of("direct_message"),
    )
    assert found is not None
    assert found.actor == "Tia Marsh"


@pytest.mark.parametrize(
    ("sender", "subject", "actor"),
    [
        (
            "Zara Holt in Teams <noreply@email.teams.microsoft.com>",
            "Zara mentioned you in Notices",
            "Zara Holt",
        ),
        ("Zara Holt (via Padlet) <hello@padlet.com>", "Zara commented on your padlet", "Zara Holt"),
        ("Women in Tech <messages-noreply@linkedin.com>", "Zara Holt mentioned you in a post", "Zara Holt"),
    ],
)
def test_the_full_name_in_from_beats_a_first_name_in_the_text(sender: str, subject: str, actor: str) -> None:
    found = shipped().recognise(facts_of(sender, subject, f"{subject}.\nOpen"))
    assert found is not None
    assert found.actor == actor


def test_a_look_alike_in_punycode_is_read_as_it_is_shown() -> None:
    # "faceboοkmail" with a Greek omicron.
    host = "facebo\u03bfkmail".encode("punycode").decode("ascii")
    found = shipped().recognise(
        facts_of(
            f"Facebook <security@xn--{host}.example>",
            "Your page will be removed",
            "Facebook: appeal now",
            dmarc="pass",
        )
    )
    assert found is not None
    assert (found.id, found.is_lookalike) == ("facebook", True)


@pytest.mark.parametrize(
    "label", ["xn--", "xn--\u00e9", "xn--99999999999", "xn--" + "a" * 80, "xn--a-\udcff"]
)
def test_broken_punycode_raises_nothing(label: str) -> None:
    from mailguard.reading.platforms_sender import _decoded

    assert isinstance(_decoded(label), str)


def test_the_services_own_words_are_told_from_what_a_person_typed() -> None:
    facts = facts_of(
        "Loftbook <messages@loftbook.example>",
        "Message from Ana Reed",
        "You have 1 new message.\nAna Reed\nhi miss its only me, what page is the homework on\nAnswer",
    )
    bare = shipped().service_words(facts)
    assert bare is not None
    assert "new message" in bare.own_text
    assert "homework" not in bare.own_text
    assert (
        shipped().service_words(facts_of("Ana Reed <ana@loft.example>", "Message from Ana Reed", "hi miss"))
        is None
    )


@pytest.mark.parametrize(
    ("sender", "subject", "body", "event"),
    [
        (
            "Chabootra <news@chabootra.example>",
            "Nadia Hanif نے آپ کی پوسٹ پر تبصرہ کیا",
            "Nadia Hanif نے آپ کی پوسٹ پر تبصرہ کیا:\nبہت خوب سر\nجواب دیں",
            Event.COMMENT,
        ),
        (
            "Kollegenring Kontakte <kontakte@kollegenring.example>",
            "Dr. Ute Brandt möchte sich mit Ihnen vernetzen",
            "Neue Kontaktanfrage: Dr. Ute Brandt möchte sich vernetzen.\nAnfrage annehmen",
            Event.FRIEND_REQUEST,
        ),
    ],
)
def test_wording_tells_the_contact_where_the_model_is_sure_of_the_kind_alone(
    sender: str, subject: str, body: str, event: Event
) -> None:
    found = found_in(sender, subject, body, sure_of("other", likely=0.4))
    assert found is not None
    assert found.event is event
    assert found_in(sender, subject, body, sure_of("other", likely=0.4, notification=0.94)) is None
    # Both say the same, surely: then the kind may be a little less sure.
    assert found_in(sender, subject, body, sure_of(event.value, likely=0.96, notification=0.81)) is not None
    assert found_in(sender, subject, body, sure_of(event.value, likely=0.94, notification=0.81)) is None


def test_the_evidence_names_the_words_that_moved_the_model() -> None:
    scores = Scores(
        model_id="test",
        kind={"notification": 0.97},
        event={"group_invite": 0.9},
        reasons={"kind.notification": ("asks you into", "guild")},
    )
    found = found_in(
        "Dwarfhold <noreply@dwarfhold.example>",
        "The Anvils want a healer",
        "Kian Marsh asks you into the guild The Anvils (19 players).\nAnswer",
        scores,
    )
    assert found is not None
    assert '"asks you into", "guild"' in found.evidence


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        (
            "MIS Post <messages@mispost.example>",
            "Mr Curtis sent you a message",
            "Mr Curtis sent you a message: please sign the trip form",
        ),
        (
            "SafeLog <noreply@safelog.example>",
            "Karen Shaw has sent you a message",
            "Karen Shaw (social care) has sent you a message about a child on your caseload.",
        ),
        (
            "Planner <notify@plannery.example>",
            "Sarah Jones mentioned you",
            "Sarah Jones mentioned you in a comment on Budget 2027",
        ),
    ],
)
def test_an_offices_messages_are_not_held_for_their_wording_alone(
    sender: str, subject: str, body: str
) -> None:
    assert found_in(sender, subject, body, sure_of("other", likely=0.35, notification=0.96)) is None


def test_a_service_is_not_who_acts_in_its_own_mail() -> None:
    body = (
        "Poppy Hall added you as a bestie. Accept and you will see each other's glows.\n"
        "You got this because you have a zinglow account (@mdoran_hist)."
    )
    sender, subject = "zinglow <hey@zinglow.example>", "✨ Poppy Hall wants you in her glow circle"
    more = {"List-Unsubscribe": "<https://u.test/>"}
    found = found_in(sender, subject, body, sure_of("friend_request", notification=0.99, likely=0.99), **more)
    assert found is not None
    assert (found.event, found.actor) == (Event.FRIEND_REQUEST, "Poppy Hall")


@pytest.mark.parametrize(
    ("sender", "body", "actor"),
    [
        (
            "Harvey Doyle <notifications@zinglow.example>",
            "Harvey Doyle sent you a friend request.",
            "Harvey Doyle",
        ),
        (
            "HarveyDoyle <notifications@zinglow.example>",
            "HarveyDoyle sent you a friend request.",
            "HarveyDoyle",
        ),
        ("<notifications@zinglow.example>", "哈维 (@harvey.doyl1) sent you a friend request.", "哈维"),
        ("<notifications@harveydoyle.example>", "Harvey Doyle sent you a friend request.", "Harvey Doyle"),
        ("<notifications@lili.zinglow.example>", "Lili sent you a friend request.", "Lili"),
    ],
)
@pytest.mark.parametrize(
    "subject",
    ["Big News is waiting for you", "Follow Them on Zinglow today", "Miss Nair you have a friend request"],
)
def test_capitals_in_a_subject_are_not_who_acts_where_the_text_names_somebody(
    sender: str, body: str, actor: str, subject: str
) -> None:
    text = f"{body}\nAccept and you will see each other's glows.\nView profile"
    more = {"List-Unsubscribe": "<https://u.test/>"}
    found = found_in(sender, subject, text, sure_of("friend_request", notification=0.99, likely=0.99), **more)
    assert found is not None
    assert found.actor == actor


def test_a_contact_that_wording_tells_of_is_read_for_those_who_know_the_roll_whatever_the_model_says() -> (
    None
):
    sender, subject = "Teamzy <hello@teamzy.example>", "Harvey Doyle invited you to join Year 10 lads"
    facts = facts_of(
        sender, subject, "Harvey Doyle invited you to join Year 10 lads on Teamzy.\nJoin", headers={}
    )
    found = shipped().contact_by_wording(facts)
    assert found is not None
    assert (found.event, found.actor, found.is_listed) == (Event.GROUP_INVITE, "Harvey Doyle", False)
    letter = facts_of("Ann Reed <ann@teamzy.example>", subject, "Join", headers={})
    assert shipped().contact_by_wording(letter) is None
    listed = facts_of("Teamzy <hello@facebookmail.com>", subject, "Join", headers={})
    assert shipped().contact_by_wording(listed) is None
    pupils_choice = facts_of(sender, "Harvey Doyle invited you to join PE-10 survey crew", "Join", headers={})
    assert shipped().contact_by_wording(pupils_choice) is not None
    shared = facts_of(sender, "Harvey Doyle shared an album with you", "Look", headers={})
    assert shipped().contact_by_wording(shared) is not None
    ticket = facts_of(sender, subject, "Join", headers={"X-GitHub-Reason": "mention"})
    assert shipped().contact_by_wording(ticket) is None
    no_contact = facts_of(sender, "Harvey Doyle: low balance", "Top up", headers={})
    assert shipped().contact_by_wording(no_contact) is None


@pytest.mark.parametrize(
    ("subject", "body", "event"),
    [
        ("Your live lesson is starting", "28 students are waiting.", "live"),
        (
            "Your lesson has been published",
            "Your video is there for your colleagues.",
            "upload",
        ),
        ("Your post is up", "It stands on the school website now.", "upload"),
        ("Sarah Pell is inviting you to a scheduled meeting", "Join the meeting", "group_invite"),
        (
            "Helen has accepted your invitation",
            "Helen accepted the invitation to join the workspace Finance as Approver.",
            "friend_accepted",
        ),
    ],
)
def test_a_teachers_own_tools_are_none_however_sure_the_model(subject: str, body: str, event: str) -> None:
    scores = sure_of(event, notification=1.0, likely=1.0)
    assert found_in("Teachlive <hello@teachlive.example>", subject, body, scores) is None
