"""Senders, claims, events, actors, typed words, gateways and links of the shipped recognisers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailguard.domain.message import AuthenticationResult, Mailbox
from mailguard.domain.scores import Scores
from mailguard.domain.words import Event, PlatformClass
from mailguard.reading.message import read
from tests.unit.reading.platforms.messages import facts_of, shipped


def scores(event: str, *, notification: float = 0.9, sure: bool = False) -> Scores:
    """What a model may say. ``sure``: beyond both thresholds of the way by the model alone."""
    return Scores(
        model_id="test",
        kind={"notification": 0.98 if sure else notification},
        event={event: 0.97 if sure else 0.6},
    )


REQUEST = "Tyler Moss sent you a friend request"
REQUEST_BODY = "Tyler Moss sent you a friend request on Facebook.\nConfirm"


def test_failed_authentication_keeps_the_platform_and_is_told() -> None:
    found = shipped().recognise(
        facts_of("Facebook <notification@facebookmail.com>", REQUEST, REQUEST_BODY, dmarc="fail")
    )
    assert found is not None
    assert (found.id, found.authenticated, found.is_lookalike) == (
        "facebook",
        AuthenticationResult.FAIL,
        False,
    )


@pytest.mark.parametrize(
    ("sender", "platform"),
    [
        ("Facebook <notification@facebookmail-security.test>", "facebook"),
        ("Facebook <notification@faceb00kmail.test>", "facebook"),
        ("Instagram <security@lnstagram.test>", "instagram"),
        ("Instagram <no-reply@instagram-mail.test>", "instagram"),
        ("Team Snapchat <no_reply@snapchat.support-desk.test>", "snapchat"),
        ("TikTok <notification@tlktok-service.test>", "tiktok"),
    ],
)
def test_an_imitated_domain_is_a_lookalike_even_when_its_own_authentication_passes(
    sender: str, platform: str
) -> None:
    found = shipped().recognise(facts_of(sender, REQUEST, REQUEST_BODY, dmarc="pass"))
    assert found is not None
    assert (found.id, found.is_lookalike) == (platform, True)


def test_a_claim_by_display_name_from_elsewhere_with_failed_authentication_is_kept() -> None:
    found = shipped().recognise(
        facts_of("TikTok Support <x@random.test>", "Your video", "Appeal here", dmarc="fail")
    )
    assert found is not None
    assert (found.id, found.authenticated) == ("tiktok", AuthenticationResult.FAIL)


@pytest.mark.parametrize(
    "sender",
    [
        "Google <no-reply@accounts.google.com>",
        "Microsoft account team <account-security-noreply@accountprotection.microsoft.com>",
    ],
)
def test_an_identity_provider_is_never_a_platform(sender: str) -> None:
    facts = facts_of(
        sender, "Security alert", "New sign-in", headers={"List-Unsubscribe": "<https://u.test/>"}
    )
    assert shipped().recognise(facts) is None
    assert shipped().recognise_unlisted(facts, scores("security", sure=True)) is None


@pytest.mark.parametrize(
    "sender",
    [
        "Rachel Green <rachel.green@linkedin.com>",
        "Social Media Training <hi@facebook-training.test>",
        "Steam Cleaning Ltd <info@steamcleaning.test>",
        "Bethany Croft <b.croft@taskforce-recruit.test>",
    ],
)
def test_people_and_firms_that_write_about_platforms_are_none(sender: str) -> None:
    body = "We saw your profile on LinkedIn. Follow us on Facebook and Instagram."
    assert shipped().recognise(facts_of(sender, "Your enquiry", body)) is None


def test_a_mastodon_list_id_is_recognised_on_any_instance_of_its_own_domain() -> None:
    facts = facts_of(
        "Toots <notifications@pond.test>",
        "Wren Abbot follows you",
        "@wren@lake.test",
        headers={"List-Id": "<follow.kemp.pond.test>"},
    )
    found = shipped().recognise(facts)
    assert found is not None
    assert (found.id, found.event) == ("mastodon", Event.FOLLOW)
    foreign = facts_of("News <news@shop.test>", "Offers", "x", headers={"List-Id": "<follow.kemp.pond.test>"})
    assert shipped().recognise(foreign) is None


@pytest.mark.parametrize(
    ("header", "value", "sender", "event"),
    [
        (
            "X-Facebook-Notify",
            "friend; from=1; mailid=2",
            "Facebook <notification@facebookmail.com>",
            Event.FRIEND_REQUEST,
        ),
        (
            "X-Facebook-Notify",
            "ig_follow_request_approved; mailid=2",
            "Instagram <no-reply@mail.instagram.com>",
            Event.FRIEND_ACCEPTED,
        ),
        ("X-Twitter-CID", "ibis2-is_following", "Twitter <notify@twitter.com>", Event.FOLLOW),
        (
            "X-LinkedIn-Template",
            "inmail_new_message",
            "LinkedIn <messages-noreply@linkedin.com>",
            Event.DIRECT_MESSAGE,
        ),
        ("X-Notifications", "GAMMA:<video_processed>", "YouTube <noreply@youtube.com>", Event.UPLOAD),
    ],
)
def test_a_services_own_header_names_the_event_in_any_wording(
    header: str, value: str, sender: str, event: Event
) -> None:
    found = shipped().recognise(
        facts_of(sender, "Something in a language nobody wrote", "", headers={header: value})
    )
    assert found is not None
    assert (found.event, found.event_is_certain) == (event, True)


def test_a_code_at_sign_up_is_security_whatever_header_and_local_part_say() -> None:
    facts = facts_of(
        "Facebook <registration@facebookmail.com>",
        "28851 is your confirmation code",
        headers={"X-Facebook-Notify": "sign_up; mailid=1"},
    )
    found = shipped().recognise(facts)
    assert found is not None
    assert found.event is Event.SECURITY
    welcome = facts_of(
        "Discord <noreply@discord.com>", "Welcome to Discord", "Please verify your email address."
    )
    assert (again := shipped().recognise(welcome)) is not None
    assert again.event is Event.SECURITY


def test_wording_nobody_foresaw_is_left_to_the_model() -> None:
    found = shipped().recognise(facts_of("Bebo <noreply@bebo.com>", "Wobble the marmalade", "Quite."))
    assert found is not None
    assert found.event_is_certain is False


def test_others_uploads_and_lives_are_a_digest_and_own_ones_are_not() -> None:
    events = {
        subject: found.event
        for subject in (
            "Pond TV uploaded: newts",
            "Pond TV is live: newts",
            'Your video "Newts" was published',
            "You're live now",
        )
        if (found := shipped().recognise(facts_of("YouTube <noreply@youtube.com>", subject))) is not None
    }
    assert list(events.values()) == [Event.DIGEST, Event.DIGEST, Event.UPLOAD, Event.LIVE]


@pytest.mark.parametrize(
    ("subject", "body", "actor", "handle"),
    [
        ("Dawn, Steve K. sent you a friend request", "", "Steve K.", ""),
        ("lena_r and 6 others started following you", "", "lena_r", "lena_r"),
        ("Tyler (@ty_10) followed you", "", "Tyler", "ty_10"),
        ("You have a new follower", "kian.plays is now following you.", "kian.plays", "kian.plays"),
        ("You have 1 new friend request", "Someone you may know has sent a friend request.", "", ""),
        ("3 people liked your photo", "", "", ""),
        ("Tyler sent you a message", 'Tyler Moss\n"hi"', "Tyler Moss", ""),
    ],
)
def test_the_actor_is_the_person_as_written_and_never_nobody(
    subject: str, body: str, actor: str, handle: str
) -> None:
    found = shipped().recognise(facts_of("Facebook <notification@facebookmail.com>", subject, body))
    assert found is not None
    assert (found.actor, found.handle) == (actor, handle)


def test_a_commenters_stated_address_is_the_actors() -> None:
    body = 'New comment on your post "Raku".\nLibby Hume\nlibby@mail.test\n"sick"\n'
    found = shipped().recognise(
        facts_of("WordPress.com <comment-reply@wordpress.com>", '[Makes] New comment on "Raku"', body)
    )
    assert found is not None
    assert (found.actor, found.actor_address, found.user_text) == ("Libby Hume", "libby@mail.test", "sick")


@pytest.mark.parametrize(
    ("body", "typed"),
    [
        ('rhys_k sent you a message\n"sir is this u lol"\nOpen Instagram', "sir is this u lol"),
        ("rhys_k sent you a message\nsir is this u lol\nOpen Instagram", "sir is this u lol"),
        (
            "rhys_k sent you a message\nsomeone sent me a message and it says missing\nReply",
            "someone sent me a message and it says missing",
        ),
        (
            "rhys_k sent you a message\nif you don't answer i will not come home tonight\nReply",
            "if you don't answer i will not come home tonight",
        ),
        ("rhys_k sent you a message\nadd me on insta\nReply", "add me on insta"),
        ("rhys_k: miss can i tell u something\nReply", "miss can i tell u something"),
        (
            "rhys_k sent you a message\nReply\nYou are receiving this email because of your notification settings.",
            "",
        ),
    ],
)
def test_what_a_child_typed_is_kept_and_the_services_words_are_not(body: str, typed: str) -> None:
    found = shipped().recognise(
        facts_of("Instagram <no-reply@mail.instagram.com>", "rhys_k sent you a message", body)
    )
    assert found is not None
    assert found.user_text == typed


FOOTER = "\nYou are receiving this because of your notification settings. Unsubscribe."


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("Kian Marsh wants to be your friend", Event.FRIEND_REQUEST),
        ("Kian Marsh followed you", Event.FOLLOW),
        ("Kian Marsh t'a envoyé un message", Event.DIRECT_MESSAGE),
        ("Kian Marsh tagged you in a photo", Event.PHOTO_TAG),
    ],
)
def test_a_service_nobody_listed_is_recognised_by_contact_machine_and_model_together(
    subject: str, event: Event
) -> None:
    facts = facts_of("Zingo <notify@mail.zingo-friends.test>", subject, subject + "." + FOOTER)
    found = shipped().recognise_unlisted(facts, scores("other"))
    assert found is not None
    assert (found.id, found.event, found.actor, found.is_listed) == (
        "zingo-friends.test",
        event,
        "Kian Marsh",
        False,
    )
    assert shipped().recognise_unlisted(facts, scores(event.value, notification=0.7)) is None


@pytest.mark.parametrize(
    ("sender", "subject", "headers"),
    [
        ("Helpdesk <noreply@desk.test>", "Kian Marsh commented on ticket #4411", {}),
        ("Tracker <noreply@bugs.test>", "[SCHOOL-12] Kian Marsh mentioned you", {}),
        ("Code <noreply@code.test>", "Kian Marsh mentioned you", {"X-GitHub-Reason": "mention"}),
        (
            "Teachers <noreply@lists.test>",
            "Kian Marsh replied to your post",
            {"List-Post": "<mailto:l@lists.test>"},
        ),
        ("Shop <noreply@shop.test>", "Your order has been dispatched", {}),
        ("Rooms <noreply@rooms.test>", "Kian Marsh invited you to a meeting: budget", {}),
        ("News <news@charity.test>", "What your pupils are saying this week", {}),
        ("Kian Marsh <kian.marsh@firm.test>", "Kian Marsh wants to be your friend", {}),
    ],
)
def test_office_mail_is_no_unlisted_platform_whatever_the_model_says(
    sender: str, subject: str, headers: dict[str, str]
) -> None:
    facts = facts_of(sender, subject, "Please see below." + FOOTER, headers=headers)
    assert shipped().recognise_unlisted(facts, scores("other")) is None


@pytest.mark.parametrize(
    ("address", "platform", "kind"),
    [
        ("q1z@post.wordpress.com", "wordpress", "post-by-mail"),
        ("s482@photos.flickr.com", "flickr", "post-by-mail"),
        ("k3@m.facebook.com", "facebook", "post-by-mail"),
        ("trench.secret@blogger.com", "blogger", "post-by-mail"),
        ("k3@m.youtube.com", "youtube", "post-by-mail"),
        ("m8pl4c3h0ldr@tumblr.com", "tumblr", "post-by-mail"),
        ("reply+A1@reply.facebook.com", "facebook", "reply"),
        ("x@reply.linkedin.com", "linkedin", "reply"),
        ("reply+ab@reddit.com", "reddit", "reply"),
        (f"incoming+{'0a' * 16}@forum.test", "discourse", "reply"),
        ("reply+HMPYMXVYJEV46JW@reply.rs.email.nextdoor.com", "nextdoor", "reply"),
        ("reply+gq4diplaceholdr2u@rs.email.nextdoor.com", "nextdoor", "reply"),
        ("comment-reply+k7placeholdr3h@wordpress.com", "wordpress", "reply"),
    ],
)
def test_gateways_are_known(address: str, platform: str, kind: str) -> None:
    gateway = shipped().gateway(address)
    assert gateway is not None
    assert (gateway.platform_id, gateway.kind, gateway.address) == (platform, kind, address)


@pytest.mark.parametrize(
    "address",
    [
        "support@tumblr.com",
        "noreply-comment@blogger.com",
        "a@b.test",
        "",
        "reply+ab@firm.test",
        "reply+ab12cd34ef@firm.test",
        "no-reply+ab12cd34@nextdoor.com",
        "do-not-reply@wordpress.com",
        "comments@nextdoor.com",
        "reply+ab12cd34ef@docs.google.com",
        "comments-editor@nextdoor.com",
        "reply-ab12cd34ef@wordpress.com",
        "comments+editorial@nextdoor.com",
        "reply+ab12cd34ef@playstation.com",
    ],
)
def test_other_addresses_are_no_gateways(address: str) -> None:
    assert shipped().gateway(address) is None


@pytest.mark.parametrize(
    ("footer", "account"),
    [
        ("This message was sent to l.prior@a.example and intended for lukeprior_lifts.", "lukeprior_lifts"),
        ("We sent this email to @StOswinsHigh\nUnsubscribe", "StOswinsHigh"),
        ("This email was generated for @hill.sport", "hill.sport"),
        ("intended for night_owl. Not your account? Remove your email from it.", "night_owl"),
        ("We sent this email to @gwen_private. Unsubscribe", "gwen_private"),
        ("we sent this email to everyone in year 9\n\nWe sent this email to @hillpe", "hillpe"),
        ("This message was sent to pe@hill.example and intended for Hill School PE.", ""),
        ("This email was sent to pe@hill.example", ""),
        ("", ""),
    ],
)
def test_the_recipients_account_is_read_from_the_footer(footer: str, account: str) -> None:
    facts = facts_of("Instagram <no-reply@mail.instagram.com>", "x", f"News for you\n\n{footer}\n")
    read = shipped().recognise(facts)
    assert read is not None
    assert read.account == account


@pytest.mark.parametrize(
    "mark", [{"X-phpBB-Origin": "phpbb://www.town.test/forum"}, {"X-Mailer": "vBulletin 4.2"}]
)
def test_mail_of_a_forums_program_is_a_notification_without_a_model(mark: dict[str, str]) -> None:
    letter = ("Town Board <forum@town.test>", "Topic reply notification", "Stan replied: not again\n")
    read = shipped().recognise_unlisted(facts_of(*letter, headers=mark), Scores())
    assert read is not None
    assert (read.id, read.platform_class, read.event) == ("town.test", PlatformClass.FORUM, Event.COMMENT)
    assert shipped().recognise_unlisted(facts_of(*letter), Scores()) is None


@pytest.mark.parametrize(
    ("mark", "subject", "body"),
    [
        ({"X-Mailer": "SMF Newsletter 3"}, "Exam board news", "The forum of markers has replied.\n"),
        ({"X-Mailer": "Invision Power Suite"}, "Your quote", "Thank you for your reply.\n"),
        ({"X-Mailer": "phpBB3"}, "Your statement", "Your balance is 12.40.\n"),
    ],
)
def test_a_mark_alone_makes_no_forum(mark: dict[str, str], subject: str, body: str) -> None:
    assert (
        shipped().recognise_unlisted(
            facts_of("A Firm <mail@firm.test>", subject, body, headers=mark), Scores()
        )
        is None
    )


def test_a_persons_letter_with_a_forums_mark_is_a_letter() -> None:
    letter = ("Anna <anna@town.test>", "The thread", "I replied to your post about the roof.\n")
    direct = Scores(model_id="m", kind={"direct": 0.99})
    assert shipped().recognise_unlisted(facts_of(*letter, headers={"X-Mailer": "phpBB3"}), direct) is None


@pytest.mark.parametrize(
    "body",
    [
        'You have received a new private message from "Zac Doyle" to your account on "Anglers" with the following subject:\n\nhello\n',
        'You have received a new private message to your account on "Anglers" from Zac Doyle with the following subject:\n\nhello\n',
    ],
)
def test_who_wrote_a_forums_private_message_is_read(body: str) -> None:
    read = shipped().recognise_unlisted(
        facts_of(
            "Anglers <board@town.test>",
            "New private message has arrived",
            body,
            headers={"X-Mailer": "phpBB3"},
        ),
        Scores(),
    )
    assert read is not None
    assert (read.event, read.actor) == (Event.DIRECT_MESSAGE, "Zac Doyle")


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://chat.whatsapp.com/Jx9inv3nted", "whatsapp"), ("https://wa.me/447700900123", "whatsapp"),
        ("t.me/joinchat/ab12cd", "telegram"),
        ("https://discord.gg/abc", "discord"), ("https://www.snapchat.com/add/kian", "snapchat"), ("snapchat://add/kian", "snapchat"),
        ("https://instagram.com/kian.plays?igsh=1", "instagram"), ("https://www.tiktok.com/@x_y", "tiktok"),
        ("https://facebook.com/kian.marsh", "facebook"), ("https://www.facebook.com/profile.php?id=1", "facebook"),
        ("https://www.roblox.com/share?code=ab&type=Profile", "roblox"), ("https://steamcommunity.com/id/x", "steam"),
        ("https://www.strava.com/athletes/1", "strava"), ("https://www.linkedin.com/in/abc", "linkedin"),
    ],
)  # fmt: skip
def test_pages_of_people_and_groups_are_social_links(url: str, platform: str) -> None:
    assert shipped().social_link(url) == platform


@pytest.mark.parametrize(
    "url",
    [
        "https://www.instagram.com/", "https://www.instagram.com/p/abc", "https://www.tiktok.com/@x/video/1", "https://x.com/a/status/1",
        "https://www.facebook.com/sharer.php?u=x", "https://help.instagram.com/12", "https://www.youtube.com/watch?v=1",
        "https://padlet.com/x/y", "https://docs.google.com/d/1", "https://t.me/share/url?url=x", "https://[broken", "",
    ],
)  # fmt: skip
def test_posts_help_home_pages_and_school_services_are_not_social_links(url: str) -> None:
    assert shipped().social_link(url) == ""


@pytest.mark.parametrize(
    ("subject", "code", "event", "actor"),
    [
        ("Tia Moss sent a message to Hill School", "friend", Event.DIRECT_MESSAGE, "Tia Moss"),
        ("You have a notification", "friend_request", Event.FRIEND_REQUEST, ""),
    ],
)
def test_a_subject_that_names_who_did_what_says_more_than_the_headers_code(
    subject: str, code: str, event: Event, actor: str
) -> None:
    facts = facts_of(
        "Facebook <notification@facebookmail.com>", subject, "See it", headers={"X-Facebook-Notify": code}
    )
    found = shipped().recognise(facts)
    assert found is not None
    assert (found.event, found.actor) == (event, actor)


@pytest.mark.parametrize(
    ("subject", "actor"),
    [
        ("Moss, Tia has posted a comment on your profile", "Tia Moss"),
        ("Moss-Reid, Tia has posted a comment on your profile", "Tia Moss-Reid"),
    ],
)
def test_a_name_turned_round_is_turned_back(subject: str, actor: str) -> None:
    found = shipped().recognise(facts_of("Steam <noreply@steampowered.com>", subject, "View it"))
    assert found is not None
    assert found.actor == actor


@pytest.mark.parametrize(
    "subject",
    ["Du hast eine neue Freundschaftseinladung auf Steam", "Neue Freundschaftsanfrage von Kai Moos erhalten"],
)
def test_german_invitations_to_be_friends(subject: str) -> None:
    found = shipped().recognise(facts_of("Steam <noreply@steampowered.com>", subject, "Hallo"))
    assert found is not None
    assert found.event is Event.FRIEND_REQUEST


SENDERS = {
    "facebook": "Facebook <notification@facebookmail.com>",
    "youtube": "YouTube <noreply@youtube.com>",
    "tiktok": "TikTok <notification@service.tiktok.com>",
    "instagram": "Instagram <no-reply@mail.instagram.com>",
    "flickr": "Flickr <noreply@flickr.com>",
    "reddit": "Reddit <noreply@redditmail.com>",
    "sharepoint": "SharePoint <no-reply@sharepointonline.com>",
    "icloud-photos": "Photos <noreply@photos.icloud.com>",
    "teams": "Teams <noreply@email.teams.microsoft.com>",
    "google-docs": "Google Docs <comments-noreply@docs.google.com>",
}


@pytest.mark.parametrize(
    ("service", "subject", "event"),
    [
        ("youtube", 'Your concert "Winter songs" is streaming', Event.LIVE),
        ("tiktok", "LIVE summary for @mr_quill", Event.LIVE),
        ("instagram", "Your live video was saved", Event.LIVE),
        ("youtube", "A tua aula aberta está a transmitir", Event.LIVE),
        ("youtube", "Вы в эфире: «Репетиция»", Event.LIVE),
        ("youtube", "بثك المباشر يبدأ بعد ساعة", Event.LIVE),
        ("youtube", "Jūsų transliacija baigėsi", Event.LIVE),
        ("youtube", 'Part 3 of "The Heron" is published', Event.UPLOAD),
        ("youtube", 'Your video is now on YouTube: "Newts"', Event.UPLOAD),
        ("youtube", "Hemos publicado tu cuento", Event.UPLOAD),
        ("youtube", "Ihr Rezept ist veröffentlicht", Event.UPLOAD),
        ("youtube", "آپ کی تصاویر اپ لوڈ ہو گئیں", Event.UPLOAD),
        ("reddit", "You've been banned from r/Newts", Event.MODERATION),
        ("tiktok", "We've reviewed your report", Event.MODERATION),
        ("flickr", "One of your photos has been flagged", Event.MODERATION),
        ("facebook", "Solène Roux a partagé la publication de Radio Étang", Event.DIGEST),
    ],
)
def test_what_happened_to_the_recipients_own_account_is_no_digest(
    service: str, subject: str, event: Event
) -> None:
    found = shipped().recognise(facts_of(SENDERS[service], subject, "View it"))
    assert found is not None
    assert (found.event, found.event_is_certain) == (event, True)


@pytest.mark.parametrize(
    ("service", "subject", "event", "actor"),
    [
        ("facebook", "Tia Moss tagged you in her status", Event.MENTION, "Tia Moss"),
        ("facebook", "Tia Moss tagged you in a post", Event.PHOTO_TAG, "Tia Moss"),
        ("facebook", "Tia Moss ti ha taggato in un commento", Event.MENTION, "Tia Moss"),
        ("facebook", "Tia Moss vous a identifié(e) sur une photo", Event.PHOTO_TAG, "Tia Moss"),
        ("facebook", "Tia Moss identificou-te em 3 fotos", Event.PHOTO_TAG, "Tia Moss"),
        ("google-docs", "Tia Moss mencionou-a num comentário", Event.MENTION, "Tia Moss"),
        ("google-docs", "Tia Moss is letting you edit a document", Event.SHARE, "Tia Moss"),
        ("sharepoint", "Tia Moss has invited you to 'Trips'", Event.SHARE, "Tia Moss"),
        ("icloud-photos", 'Tia Moss would like you to join "Mud"', Event.SHARE, "Tia Moss"),
        ("flickr", "[FlickrMail] tia_m: your newt", Event.DIRECT_MESSAGE, "tia_m"),
        ("facebook", "Tia Moss has agreed to chat with you", Event.FRIEND_ACCEPTED, "Tia Moss"),
        ("facebook", "Tia Moss mag dein Foto", Event.REACTION, "Tia Moss"),
        ("tiktok", "tia.m نے آپ کو فالو کیا ہے", Event.FOLLOW, "tia.m"),
        ("facebook", "Tia Moss نے آپ کی پوسٹ پر ردِعمل دیا", Event.REACTION, "Tia Moss"),
        ("teams", "Mae Tia Moss wedi dy ychwanegu at dîm", Event.GROUP_INVITE, "Tia Moss"),
        ("facebook", "Mae Tia Moss wedi dy ychwanegu fel ffrind", Event.FRIEND_REQUEST, "Tia Moss"),
        ("facebook", "Rūta Kalnė nori su jumis draugauti", Event.FRIEND_REQUEST, "Rūta Kalnė"),
        ("facebook", "Rūta Kalnė parašė jums žinutę", Event.DIRECT_MESSAGE, "Rūta Kalnė"),
        ("facebook", "Ilze Bērza uzaicināja tevi grupā", Event.GROUP_INVITE, "Ilze Bērza"),
        ("facebook", "Elsa Berg kommenterade ditt inlägg", Event.COMMENT, "Elsa Berg"),
        ("facebook", "Jana Malá vás označila na fotce", Event.PHOTO_TAG, "Jana Malá"),
        ("facebook", "Nagy Éva ismerősnek jelölt", Event.FRIEND_REQUEST, "Nagy Éva"),
        ("facebook", "Η Μαρία Ράλλη σας ακολουθεί", Event.FOLLOW, "Μαρία Ράλλη"),
        ("facebook", "রিনা আপনার পোস্টে মন্তব্য করেছেন", Event.COMMENT, "রিনা"),
        ("facebook", "ਜਗਤਾਰ ਨੇ ਤੁਹਾਨੂੰ ਸੁਨੇਹਾ ਭੇਜਿਆ", Event.DIRECT_MESSAGE, "ਜਗਤਾਰ"),
    ],
)
def test_contact_is_told_by_what_services_say_in_many_languages(
    service: str, subject: str, event: Event, actor: str
) -> None:
    found = shipped().recognise(facts_of(SENDERS[service], subject, "1"))
    assert found is not None
    assert (found.event, found.actor, found.event_is_certain) == (event, actor, True)


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("Tia Moss sent you a message: did you reset your password", Event.DIRECT_MESSAGE),
        ("Tia Moss commented on your photo: was this you", Event.COMMENT),
        ("Tia Moss te ha enviado un mensaje: confirma tu correo", Event.DIRECT_MESSAGE),
        ("Tia Moss sent you a message: we removed your video lol", Event.DIRECT_MESSAGE),
        ("Reset your password", Event.SECURITY),
    ],
)
def test_words_typed_after_the_news_make_no_code_of_it(subject: str, event: Event) -> None:
    found = shipped().recognise(facts_of(SENDERS["facebook"], subject, "Open"))
    assert found is not None
    assert (found.event, found.event_is_certain) == (event, True)


@pytest.mark.parametrize(
    "typed",
    [
        "miss whats the wifi password",
        "sir i cant login to the homework",
        "madame c'est quoi le mot de passe du wifi",
        "profe no me acuerdo de la contraseña",
        "prof qual è la password",
        "какой пароль от класса",
        "كلمة السر ما هي",
        "hocam şifre neydi",
        "we banned rulers today",
    ],
)
def test_a_persons_bare_word_in_the_body_is_no_code(typed: str) -> None:
    found = shipped().recognise(facts_of(SENDERS["instagram"], "Wobble the marmalade", f"{typed}\nQuite."))
    assert found is not None
    assert found.event not in (Event.SECURITY, Event.MODERATION)


@pytest.mark.parametrize(
    ("greeting", "news"),
    [
        ("Cześć Jan,", "chciałbym dodać Cię do swojej sieci zawodowej."),
        ("Hallo Jan,", "ich möchte Sie gerne zu meinem beruflichen Netzwerk hinzufügen."),
        ("Bonjour Jan,", "j'aimerais vous ajouter à mon réseau professionnel."),
    ],
)
def test_an_invitation_in_the_first_person_is_of_whom_the_mail_is_from(greeting: str, news: str) -> None:
    raw = f"From: Piotr Zaleski <invitations@linkedin.com>\nSubject: LinkedIn\n\n{greeting}\n\n{news}\n"
    found = shipped().recognise(read(raw.encode()))
    assert found is not None
    assert (found.event, found.actor) == (Event.FRIEND_REQUEST, "Piotr Zaleski")


def test_a_subject_about_ones_own_video_says_more_than_a_header_for_all_sorts_of_mail() -> None:
    raw = (
        "From: YouTube <no-reply@youtube.com>\nX-Notifications: GAMMA:<upload>\n"
        "Subject: Your video is live: A walk round the school\n\nYour video has been published.\n"
    )
    found = shipped().recognise(read(raw.encode()))
    assert found is not None
    assert found.event is Event.UPLOAD


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("Tia Moss asked you to chat", Event.DIRECT_MESSAGE),
        ("Tia Moss asked you to come to Mud Night", Event.GROUP_INVITE),
        ("Tia Moss asked you to sign her petition", Event.GROUP_INVITE),
        ("Tia Moss asked you to follow her", Event.FRIEND_REQUEST),
        ("Tia Moss asked you to connect", Event.FRIEND_REQUEST),
        ("Tia Moss asked you to look at newts", Event.MENTION),
        ("Tia Moss escreveu na tua cronologia", Event.COMMENT),
        ("Tia Moss marcou você", Event.MENTION),
        ("Tia Moss marcou a tua publicação", Event.MENTION),
        ("Tia Moss partage sa position", Event.SHARE),
        ("Tia Moss a partagé un lien", Event.SHARE),
        ("Tia Moss a partagé un souvenir dans lequel tu es", Event.SHARE),
        ("Tia Moss an deiner Pinnwand", Event.COMMENT),
        ("Tia Moss een reactie", Event.COMMENT),
        ("Tia Moss takip etti", Event.FOLLOW),
        ("Tia Moss seni bir yorumda etiketledi", Event.MENTION),
        ("Tia Moss bir yorumda senden bahsetti", Event.MENTION),
        ("Tia Moss a scris", Event.DIRECT_MESSAGE),
        ("Tia Moss a trimis mesaj", Event.DIRECT_MESSAGE),
        ("あなたの写真にTia Mossさんがコメントしました", Event.COMMENT),
        ("Tia Moss is on your friends list now", Event.FRIEND_ACCEPTED),
        ("Tia Moss jest teraz wśród twoich znajomych", Event.FRIEND_ACCEPTED),
    ],
)
def test_who_made_contact_is_read_where_the_wording_is_short(subject: str, event: Event) -> None:
    found = shipped().recognise(facts_of(SENDERS["facebook"], subject, "Open"))
    assert found is not None
    assert (found.event, found.actor) == (event, "Tia Moss")


@pytest.mark.parametrize(
    "typed",
    [
        "did you just log in on my tablet",
        "did you just log in from your shed",
        "hello from newt, miss",
        "almost there, sir",
        "our moderators have decided newts win",
        "account warning: you owe me a biscuit",
        "the moderators of 9C have gone home",
        "one of our staff has lost a sock",
        "outcome of your report",
        "because you follow me i know",
        "new accounts for you",
        "part 4 is out",
        "you were live for 2 hours lol",
    ],
)
def test_what_a_person_types_as_a_subject_is_not_the_services_word(typed: str) -> None:
    body = f"Tia Moss sent you a message\n{typed}\nReply"
    found = shipped().recognise(facts_of("Discord <noreply@discord.com>", typed, body))
    assert found is not None
    assert (found.event, found.actor) == (Event.DIRECT_MESSAGE, "Tia Moss")


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("Did you just log in near Hull, UK?", Event.SECURITY),
        ("Hello from Padlet, Mr Otter", Event.SIGN_UP),
        ("Account Warning: MissOtter_9", Event.MODERATION),
        ("Outcome of your report", Event.MODERATION),
        ("The moderators of r/Newts have banned you for 3 days", Event.MODERATION),
        ("Our moderators have found that something you made does not keep to our rules.", Event.MODERATION),
        ("New accounts for you", Event.SUGGESTION),
        ("You were on air for 1 hour 9 minutes.", Event.LIVE),
    ],
)
def test_a_services_whole_sentence_is_still_its_own(subject: str, event: Event) -> None:
    found = shipped().recognise(facts_of(SENDERS["flickr"], subject, "1"))
    assert found is not None
    assert found.event is event


@pytest.mark.parametrize(
    "subject",
    [
        "Tia Moss is in your contacts",
        "Tia Moss is in your contact list",
        "Tia Moss jest wśród twoich kontaktów",
        "Tia Moss è tra i tuoi contatti",
        "Tia Moss está na sua rede",
        "Your friend Tia Moss is now streaming",
        "Dein Freund Tia Moss ist jetzt live",
        "Votre amie Tia Moss est en direct",
        "Tu amiga Tia Moss está en directo",
        "La tua amica Tia Moss è in diretta",
        "A tua amiga Tia Moss está ao vivo",
        "Je vriendin Tia Moss is nu live",
        "Twoja znajoma Tia Moss jest na żywo",
        "Your friend Tia Moss's photo was posted",
        "Your pupil Tia Moss's answer was posted",
        "Live recap of Tia Moss",
        'Part 2 of "Mud" by Tia Moss is out',
        "Your weekly stats are published",
        "Your statement has been posted",
    ],
)
def test_what_others_do_and_whom_one_may_know_is_no_deed_of_the_recipients(subject: str) -> None:
    found = shipped().recognise(facts_of(SENDERS["youtube"], subject, "Open"))
    assert found is not None
    assert found.event not in (Event.FRIEND_ACCEPTED, Event.LIVE, Event.UPLOAD)


@pytest.mark.parametrize(
    "subject",
    [
        "Скидання пароля",
        "Запит на скидання пароля",
        "Забули пароль?",
        "Забыли пароль?",
        "Anfrage zum Zurücksetzen Ihres Passworts",
        "Lege ein neues Passwort fest",
        "Has solicitado una contraseña nueva",
        "Zapomniałeś hasła?",
        "Ustaw hasło",
        "Crie uma senha",
        "Wachtwoordherstel",
        "إعادة ضبط كلمة المرور",
        "طلب كلمة مرور جديدة",
        "登录验证",
    ],
)
def test_a_line_about_a_password_and_nothing_else_is_security(subject: str) -> None:
    found = shipped().recognise(facts_of(SENDERS["instagram"], subject, "1"))
    assert found is not None
    assert found.event is Event.SECURITY
    typed = shipped().recognise(
        facts_of(SENDERS["instagram"], "Wobble the marmalade", f"{subject} lol 7b\nQuite.")
    )
    assert typed is not None
    assert typed.event is not Event.SECURITY


@pytest.mark.parametrize(
    ("sender", "subject", "body", "event", "actor"),
    [
        (
            "Google+ <noreply@plus.google.com>",
            "Ishaan Bhandari +1'd your post",
            "View post",
            Event.REACTION,
            "Ishaan Bhandari",
        ),
        (
            "YouTube <noreply@youtube.com>",
            "kezza_dances wants to share videos with you!",
            "Come and watch",
            Event.FRIEND_REQUEST,
            "kezza_dances",
        ),
        (
            "Tumblr <no-reply@tumblr.com>",
            "You've received a fan mail from ghostowl77",
            "View message",
            Event.DIRECT_MESSAGE,
            "ghostowl77",
        ),
        (
            "Blogger <no-reply@blogger.com>",
            "You have been invited",
            "The Blogger user Priya Nandra has invited you to contribute to the blog: Surf Diary.",
            Event.GROUP_INVITE,
            "Priya Nandra",
        ),
        (
            "Facebook <notification@facebookmail.com>",
            "🔔 Donna Wheelhouse mentioned you in a comment.",
            "See comment",
            Event.MENTION,
            "Donna Wheelhouse",
        ),
        (
            "PlayStation <reply@txn-email.playstation.com>",
            "You've started a broadcast",
            "Camera: on",
            Event.LIVE,
            "",
        ),
        (
            "Bebo <noreply@bebo.com>",
            "New comments!",
            "You've got a new comment on your profile from DJ Spud!",
            Event.COMMENT,
            "DJ Spud",
        ),
        (
            "Instagram <no-reply@mail.instagram.com>",
            "We've removed content you posted",
            "It goes against our guidelines.",
            Event.MODERATION,
            "",
        ),
        (
            "Facebook <notification@facebookmail.com>",
            "We removed something you posted",
            "We reviewed a post on your timeline.",
            Event.MODERATION,
            "",
        ),
        (
            "YouTube <noreply@youtube.com>",
            "Your event is now live on YouTube",
            "The event that you scheduled is streaming.",
            Event.LIVE,
            "",
        ),
        (
            "Vimeo <noreply@vimeo.com>",
            'Your event "Harvest assembly" is now live',
            "22 watching now",
            Event.LIVE,
            "",
        ),
        (
            "WhatsApp <noreply@whatsapp.com>",
            "Wyłączenie weryfikacji dwuetapowej w WhatsApp",
            "otrzymaliśmy prośbę o zresetowanie kodu PIN",
            Event.SECURITY,
            "",
        ),
        (
            "Instagram <no-reply@mail.instagram.com>",
            "Removemos sua publicação",
            "Ela não segue nossos Padrões da Comunidade sobre spam.",
            Event.MODERATION,
            "",
        ),
        (
            "Instagram <no-reply@mail.instagram.com>",
            "Fernão segue você",
            "Ver perfil",
            Event.FOLLOW,
            "Fernão",
        ),
        (
            "Instagram <no-reply@mail.instagram.com>",
            "Ana Não segue você",
            "Ver perfil",
            Event.FOLLOW,
            "Ana Não",
        ),
        (
            "TikTok <notification@service.tiktok.com>",
            "Your LIVE recap",
            "Duration 00:41:18",
            Event.LIVE,
            "",
        ),
    ],
)
def test_wordings_of_other_years_tell_their_event_and_their_person(
    sender: str, subject: str, body: str, event: Event, actor: str
) -> None:
    found = shipped().recognise(facts_of(sender, subject, body))
    assert found is not None
    assert (found.event, found.actor) == (event, actor)


@pytest.mark.parametrize(
    ("sender", "subject", "name"),
    [
        (
            '"Harvey Doyle (Facebook)" <notification@facebookmail.com>',
            "Forgot your password?",
            "Harvey Doyle",
        ),
        (
            '"Harvey Doyle via Facebook" <notification@facebookmail.com>',
            "482913 is your code",
            "Harvey Doyle",
        ),
        ("Discord <noreply@discord.com>", "Harvey Doyle: Forgot your password?", "Harvey Doyle"),
        ("Discord <noreply@discord.com>", "Harvey Doyle：482913 is your code", "Harvey Doyle"),
        ("Discord <noreply@discord.com>", "harvey doyle - reset your password", "harvey doyle"),
        ("Discord <noreply@discord.com>", "@harvey.doyl1: verify it's you", "harvey.doyl1"),
        ("Discord <noreply@discord.com>", "Zoë Van Lee : reset your password", "Zoë Van Lee"),
        ("Discord <noreply@discord.com>", "Mot de Tia Jones : reset your password", "Tia Jones"),
        ("Discord <noreply@discord.com>", "Tu código de acceso de Tia Jones en Discord", "Tia Jones"),
        ("Discord <noreply@discord.com>", "Tu código de acceso de tia_x en Discord", "tia_x"),
        ("Discord <noreply@discord.com>", "Mot de la part de Tia Jones : reset your password", "Tia Jones"),
        ("Discord <noreply@discord.com>", "Nota da Tia Jones: reset your password", "Tia Jones"),
        ("Discord <noreply@discord.com>", "Notiz von Jan de Vries: reset your password", "Jan de Vries"),
        ("Discord <noreply@discord.com>", "Briefje van Tia Jones: reset your password", "Tia Jones"),
        ("Discord <noreply@discord.com>", "Jan de Vries: reset your password", "Jan de Vries"),
    ],
)
def test_who_may_have_typed_a_code_is_told_to_those_who_know_the_roll(
    sender: str, subject: str, name: str
) -> None:
    facts = facts_of(
        sender, subject, "come and chat to me", headers={"List-Unsubscribe": "<https://u.test/>"}
    )
    found = shipped().recognise(facts)
    assert found is not None
    assert found.event is Event.SECURITY
    assert name.casefold() in [each.casefold() for each in found.said_by]
    assert found.said == f"{facts.subject}\ncome and chat to me"


@pytest.mark.parametrize(
    "subject",
    [
        "Discord: Harvey Doyle: reset your password",
        "482913 is your code | Harvey Doyle",
        "(Harvey Doyle) reset your password",
        "Harvey Doyle, reset your password",
        "🔥 Harvey Doyle → reset your password",
        "Harvey Doyle said reset your password",
        "Harvey Doyle 482913 is your code",
        f"Your code: {', '.join('abcdefghijklmnopqrstuvwxyz')}, Harvey Doyle",
    ],
)
def test_a_name_is_found_wherever_marks_set_it_apart(subject: str) -> None:
    found = shipped().recognise(facts_of("Discord <noreply@discord.com>", subject, "come and chat"))
    assert found is not None
    assert "Harvey Doyle" in found.said_by


def test_a_name_is_found_before_what_a_line_of_the_text_says() -> None:
    found = shipped().recognise(
        facts_of("Discord <noreply@discord.com>", "Reset your password", "Hello\nHarvey Doyle: come and chat")
    )
    assert found is not None
    assert found.event is Event.SECURITY
    assert "Harvey Doyle" in found.said_by


def test_a_list_of_codes_is_nobody_speaking() -> None:
    body = "Your new codes\nHarvey Doyle: 482913\nTia Moss: K7-118821"
    found = shipped().recognise(facts_of("Discord <noreply@discord.com>", "Reset your password", body))
    assert found is not None
    assert not {"Harvey Doyle", "Tia Moss"} & set(found.said_by)


def test_a_name_in_from_is_found_behind_a_subject_of_many_pieces() -> None:
    sender = '"Harvey Doyle via Snapchat" <no_reply@snapchat.com>'
    subject = "Your Snapchat code: " + ", ".join("abcdefghijklmnopqrstuvwxyz" * 2)
    found = shipped().recognise(facts_of(sender, subject, "come and chat to me"))
    assert found is not None
    assert "Harvey Doyle" in found.said_by


def test_the_recipient_has_not_said_it() -> None:
    facts = facts_of(
        "Discord <noreply@discord.com>", "Harvey Doyle, here is your code: 482913", "Use it soon"
    )
    facts = replace(
        facts, mailboxes=(*facts.mailboxes, Mailbox("h.doyle@hill.example", "Harvey Doyle", "To"))
    )
    found = shipped().recognise(facts)
    assert found is not None
    assert "Harvey Doyle" not in found.said_by
