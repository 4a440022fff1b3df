"""Who acted, where a notification says it in other places than its subject."""

from __future__ import annotations

import pytest

from tests.unit.reading.platforms.messages import recognised

TWITCH = "Twitch <no-reply@twitch.tv>"
SKYPE = "Skype <noreply@email.skype.com>"
FACEBOOK = "Facebook <notification@facebookmail.com>"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "actor", "handle"),
    [
        pytest.param(
            TWITCH,
            "You have a new follower on Twitch!",
            "Hi pixelpip,\n\nmikeyfromhull is now following you on Twitch.\n\nView profile",
            "mikeyfromhull",
            "mikeyfromhull",
            id="the subject names the service, the text the person",
        ),
        pytest.param(
            "YouTube <noreply@youtube.com>",
            'Comment posted on "Harvest concert"',
            "ukulele_ned has made a comment on Harvest concert:\n\nis that our josh lol\n",
            "ukulele_ned",
            "ukulele_ned",
            id="only the text says who",
        ),
        pytest.param(
            "WordPress.com <comment-reply@wordpress.com>",
            '[Maths with Ms Oram] Please moderate: "Bearings"',
            "A new comment on the post is waiting for your approval\n\nAuthor: Josie Fairlamb (IP address: 203.0.113.4)\n"
            "Email: josie@mail.example\nComment:\ni got 214 degrees three times\n",
            "Josie Fairlamb",
            "",
            id="a label before the name, a note behind it",
        ),
        pytest.param(
            "Snapchat <no_reply@snapchat.com>",
            "Quelqu'un t'a ajouté en ami sur Snapchat",
            "Bonjour prof,\n\nEnzo (enzo.3eb) t'a ajouté en ami !\n\nAccepter\n\nL'équipe Snapchat\n",
            "Enzo",
            "",
            id="no team of the service",
        ),
        pytest.param(
            FACEBOOK,
            "Iván Corral aceptó tu solicitud de amistad",
            "EXTERNAL\n\nIván aceptó tu solicitud.\n",
            "Iván Corral",
            "",
            id="no banner of a gateway",
        ),
        pytest.param(
            "Instagram <no-reply@mail.instagram.com>",
            "poppystand_ wants to send you a message",
            "Poppy Standen (poppystand_) wants to send you a message.\n\nmiss can i ask u something\n",
            "Poppy Standen",
            "poppystand_",
            id="the whole name beside the handle, for the roll",
        ),
        pytest.param(
            "Microsoft Teams <noreply@email.teams.microsoft.com>",
            "You have new activity: Callum sent a chat",
            "Callum Entwick 16:52\nhi miss is it ok if i do mine on sharks\n",
            "Callum Entwick",
            "",
            id="no time of day",
        ),
        pytest.param(
            FACEBOOK,
            "Timea Hudek zzqx bvrrw klpp",
            "qqwert zuiop asdfg.\n",
            "Timea Hudek",
            "",
            id="words that no wording fits",
        ),
    ],
)
def test_who_acted(sender: str, subject: str, body: str, actor: str, handle: str):
    found = recognised(sender, subject, body)

    assert found.actor == actor
    assert found.handle == handle or not handle


@pytest.mark.parametrize(
    "mark", ["EXTERNAL: ", "[EXTERNAL] ", "*** EXT *** ", "Caution - ", "EXTERNAL EMAIL: "]
)
def test_a_gateway_s_mark_before_the_subject_hides_nobody(mark: str):
    found = recognised(FACEBOOK, f"{mark}Nikodem Wren tagged you in a photo", "See photo\n")

    assert (found.event.value, found.actor) == ("photo_tag", "Nikodem Wren")


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        (TWITCH, "Stream summary", "You were live for 24 minutes.\n\nViewers: 318\nNew followers: 17\n"),
        (
            "Google Calendar <calendar-notification@google.com>",
            "Your agenda for Monday",
            "Nothing is planned.\n",
        ),
        (FACEBOOK, "Zzqx bvrrw klpp", "qqwert zuiop asdfg.\n"),
        (FACEBOOK, "New photos zzqx", "qqwert zuiop asdfg.\n"),
    ],
)
def test_nobody_is_made_of_a_number_a_service_or_a_sentence(sender: str, subject: str, body: str):
    assert recognised(sender, subject, body).actor == ""


def test_what_follows_said_is_typed():
    found = recognised(
        "WordPress.com <comment-reply@wordpress.com>",
        '[Chemistry Club] Comment: "Titration video"',
        'New comment on your post "Titration video"\n\nReece said: its reece from 10x u sound so bored lol\n',
    )

    assert (found.actor, found.user_text) == ("Reece", "its reece from 10x u sound so bored lol")


@pytest.mark.parametrize(
    ("subject", "actor"),
    [
        ("Missed call from Ginevra Talari on Messenger", "Ginevra Talari"),
        ("Hai una chiamata persa su Messenger", "Ginevra Talari"),
    ],
)
def test_a_missed_call_is_a_contact(subject: str, actor: str):
    found = recognised(
        "Messenger <notification@messenger.com>",
        subject,
        "Hai perso una chiamata da Ginevra Talari.\n\n22:15\n",
    )

    assert (found.event.value, found.actor) == ("direct_message", actor)
