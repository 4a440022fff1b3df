"""What structure shows of a message's nature, beside what the model says."""

import pytest

from mailguard.domain.message import (
    Attachment,
    AttachmentFamily,
    Link,
    Mailbox,
    MessageFacts,
    TextSource,
)
from mailguard.domain.natures import contact_block, find_natures
from mailguard.domain.scores import Scores
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import Sender
from mailguard.domain.words import Direction, Nature

PICTURE = Attachment(
    filename="IMG_1.jpg",
    family=AttachmentFamily.IMAGE,
    size_bytes=9,
    sha256="",
    declared_type="image/jpeg",
    detected_type="image/jpeg",
)
CARD = """Ruth Vane
Vane & Daughter Upholstery, est. 1998
https://wa.me/447700900123
Facebook.com/vaneupholstery
Instagram @vane_chairs"""


def natures(
    facts: MessageFacts, scores: Scores, sender: Sender = Sender.PARENT, *, is_family: bool = False
) -> tuple[Nature, ...]:
    signals: list[Signal] = []

    def social_link(url: str) -> str:
        return "whatsapp" if "wa.me" in url else ""

    found, _ = find_natures(
        facts,
        scores,
        sender=sender,
        direction=Direction.INBOUND,
        signals=signals,
        social_link=social_link,
        is_family=is_family,
    )
    return found


def letter(
    text: str, *, subject: str = "", attachments: tuple[Attachment, ...] = (), links: tuple[Link, ...] = ()
) -> MessageFacts:
    sender = Mailbox(address="r.vane@post.example", display_name="Ruth Vane | Vane & Daughter", header="From")
    return MessageFacts(
        sha256="",
        content_sha256="",
        size_bytes=0,
        subject=subject,
        own_text=text,
        mailboxes=(sender,),
        attachments=attachments,
        links=links,
    )


@pytest.mark.parametrize(
    ("subject", "business", "is_message"),
    [
        ("", 0.9, True),
        ("😂", 0.9, True),
        ("look", 0.2, True),
        ("Re: Homework sheet for Friday", 0.9, True),
        ("Dentist's letter for Thursday as you asked", 0.9, False),
    ],
)
@pytest.mark.parametrize("sender", [Sender.PARENT, Sender.CHILD])
def test_a_picture_without_a_body_is_the_message_unless_its_subject_tells_of_school_business(
    subject: str, business: float, is_message: bool, sender: Sender
):
    scores = Scores(
        model_id="m", nature={"admin": business}, natures_of_child=("admin",), natures_of_adult=("admin",)
    )
    found = natures(letter("", subject=subject, attachments=(PICTURE,)), scores, sender)
    assert (Nature.IMAGE in found) is is_message


@pytest.mark.parametrize(
    ("text", "is_invitation"),
    [
        (f"Isla is poorly today.\n\n{CARD}", False),
        (f"Isla is poorly today.\n\n{CARD}\nmessage me any time x", True),
        ("Isla is poorly today.\n\nRuth Vane\nhttps://wa.me/447700900123", True),
        (f"{CARD}", True),
        (f"Isla is poorly today. https://wa.me/447700900999 is best.\n\n{CARD}", True),
    ],
)
def test_links_on_a_firms_card_below_the_writers_name_invite_nobody(text: str, is_invitation: bool):
    urls = [word for word in text.split() if word.startswith("https://")]
    links = tuple(Link(url=url, host="wa.me", text=url, source=TextSource.OWN) for url in dict.fromkeys(urls))
    scores = Scores(model_id="m", nature={"admin": 0.9}, natures_of_adult=("admin",))
    assert (Nature.SOCIAL_INVITE in natures(letter(text, links=links), scores)) is is_invitation


def test_a_card_has_an_end():
    endless = "\n".join(["www.vane.example"] * 40)
    assert contact_block(letter(f"hello\nRuth Vane\n{endless}")) == ""
    assert contact_block(letter("hello\n" + CARD)).startswith("Vane & Daughter")


@pytest.mark.parametrize(
    "below",
    [
        "https://wa.me/447700900123\nTel 01632 960123\n@ruth.private",
        "https://wa.me/447700900123\nx\nx",
        f"Vane Ltd\nTel 01632 960123\nhttps://wa.me/447700900123 {'a' * 300}",
    ],
)
def test_private_links_below_a_name_stay_an_invitation(below: str):
    link = Link(url="https://wa.me/447700900123", host="wa.me", text="", source=TextSource.OWN)
    scores = Scores(model_id="m", nature={"admin": 0.9}, natures_of_adult=("admin",))
    found = natures(letter(f"Isla is poorly today.\n\nRuth Vane\n{below}", links=(link,)), scores)
    assert Nature.SOCIAL_INVITE in found


def test_only_a_parents_card_counts_as_one():
    link = Link(url="https://wa.me/447700900123", host="wa.me", text="", source=TextSource.OWN)
    scores = Scores(model_id="m", nature={"schoolwork": 0.9}, natures_of_child=("schoolwork",))
    facts = letter(f"My homework.\n\n{CARD}", links=(link,))
    assert Nature.SOCIAL_INVITE in natures(facts, scores, Sender.CHILD)


def test_a_long_line_below_a_name_costs_nothing():
    assert contact_block(letter("hello\nRuth Vane\n" + "a" * 200_000)) == ""


@pytest.mark.parametrize(
    ("text", "personal", "sender", "shown"),
    [
        ("Come round for supper on Friday, the kids would love it.", 0.8, Sender.PARENT, Nature.PERSONAL),
        ("Come round on Friday. Don't tell anybody.", 0.8, Sender.PARENT, Nature.MEETING_OR_SECRECY),
        ("Can you meet me by the canal on Friday", 0.1, Sender.PARENT, Nature.MEETING_OR_SECRECY),
        ("Come round for supper on Friday", 0.8, Sender.CHILD, Nature.MEETING_OR_SECRECY),
    ],
)
def test_a_parents_open_invitation_is_private_talk(text: str, personal: float, sender: Sender, shown: Nature):
    scores = Scores(
        model_id="m",
        nature={"meeting_or_secrecy": 0.9, "personal": personal},
        natures_of_child=("meeting_or_secrecy",),
        natures_of_adult=("meeting_or_secrecy",),
    )
    assert natures(letter(text), scores, sender) == (shown,)


@pytest.mark.parametrize(
    ("text", "sender", "is_threat"),
    [
        ("I recorded you by your webcam. 900 dollars in Bitcoin or everybody sees it.", Sender.OTHER, False),
        ("Ich habe Zugriff auf Ihre Kamera. 900 Euro in Bitcoin in 48 Stunden.", Sender.OTHER, False),
        ("We have your pupils' files from your computer. 2 BTC or they are printed.", Sender.OTHER, True),
        ("I recorded you by your webcam. 900 in bitcoin.", Sender.CHILD, True),
        ("I recorded you by your webcam. 900 in bitcoin.", Sender.PARENT, True),
        ("I will put your car on fire.", Sender.OTHER, True),
    ],
)
def test_extortion_mailed_to_everybody_threatens_nobody(text: str, sender: Sender, is_threat: bool):
    scores = Scores(
        model_id="m", nature={"threat": 0.95}, natures_of_child=("threat",), natures_of_adult=("threat",)
    )
    assert (Nature.THREAT in natures(letter(text), scores, sender)) is is_threat


@pytest.mark.parametrize(
    ("text", "likelihood", "is_meeting"),
    [
        ("half four by the bike shed, pizza tonight", 0.6, False),
        ("half four by the bike shed, don't tell mum", 0.6, True),
        ("half four by the bike shed", 0.95, True),
    ],
)
def test_a_familys_arrangements_are_no_meetings(text: str, likelihood: float, is_meeting: bool):
    scores = Scores(
        model_id="m",
        nature={"meeting_or_secrecy": likelihood},
        natures_of_child=("meeting_or_secrecy",),
        natures_of_adult=("meeting_or_secrecy",),
    )
    found = natures(letter(text), scores, Sender.CHILD, is_family=True)
    assert (Nature.MEETING_OR_SECRECY in found) is is_meeting
    assert Nature.MEETING_OR_SECRECY in natures(letter(text), scores, Sender.CHILD)


@pytest.mark.parametrize(
    ("disclosure", "allegation", "holds"),
    [
        (0.5, 0.9, (Nature.ALLEGATION,)),
        (0.85, 0.99, (Nature.DISCLOSURE, Nature.ALLEGATION)),
        (0.7, 0.72, (Nature.DISCLOSURE, Nature.ALLEGATION)),
        (0.9, 0.5, (Nature.DISCLOSURE, Nature.ALLEGATION)),
    ],
)
def test_a_fainter_disclosure_is_the_echo_of_a_likelier_allegation(
    disclosure: float, allegation: float, holds: tuple[Nature, ...]
) -> None:
    scores = Scores(
        model_id="m",
        nature={"disclosure": disclosure, "allegation": allegation},
        natures_of_adult=("disclosure", "allegation"),
    )
    facts = MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text="He took her arm.")
    assert natures(facts, scores) == holds


@pytest.mark.parametrize(
    ("scores", "is_read", "says"),
    [
        (Scores(model_id="m", is_foreign=True, is_uncertain=True), True, "it waits on the page of samples"),
        (Scores(model_id="m", is_foreign=True, is_uncertain=True), False, "its best guess opens nothing"),
        (
            Scores(model_id="m", natures_over_threshold=("other",), is_uncertain=True),
            True,
            "not sure who writes",
        ),
        (Scores(model_id="m", natures_over_threshold=("other",)), True, ""),
    ],
)
def test_the_signal_says_what_is_true(scores: Scores, is_read: bool, says: str):
    signals: list[Signal] = []
    find_natures(
        letter("Some words in a row."),
        scores,
        sender=Sender.PARENT,
        direction=Direction.INBOUND,
        signals=signals,
        social_link=None,
        is_read_if_delivered=is_read,
    )
    found = [each.says for each in signals if each.code is SignalCode.MODEL_UNCERTAIN]
    assert [says in each for each in found] == [True] * bool(says)
