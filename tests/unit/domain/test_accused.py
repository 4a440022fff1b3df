"""Whom the text of an allegation accuses: the person named, or the one it is addressed to."""

import re

import pytest

from mailguard.domain.accused import StaffHit, find_accused
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

BROWN = Person(id="S1", name="Tom Brown", list=PersonList.STAFF, source="staff.csv:2")
READER = Person(id="S2", name="Helen Green", list=PersonList.STAFF, source="staff.csv:3")


def hits(text: str) -> tuple[StaffHit, ...]:
    start = text.find("Mr Brown")
    return (StaffHit(persons=(BROWN,), start=start, words="Mr Brown"),) if start >= 0 else ()


@pytest.mark.parametrize(
    "text",
    [
        "I need to tell you that Mr Brown hit my son.",
        "I am writing to let you know Mr Brown hit my son.",
        "You asked me about it: Mr Brown grabbed her.",
        "Do you know that Mr Brown has been messaging my daughter?",
        "Mr Brown, who teaches with you, has been messaging a girl in year 11 at night.",
        "It is Mr Brown. If nothing happens I will go to the head and I shall take it to the governors.",
    ],
)
def test_a_letter_that_tells_its_reader_of_somebody_accuses_the_one_it_names(text: str) -> None:
    accused = find_accused(text, hits, (READER,))
    assert accused.persons == (BROWN,)


@pytest.mark.parametrize(
    "text",
    [
        "One of your teachers has been messaging a girl in year 10.",
        "Your staff have hit a child.",
        "I tell you somebody there touched my daughter.",
        "Thank you for the letters you have been sending about one of your teachers.",
        "You took the register by the door when one of your staff hit him.",
        "You struck me as a kind person, and one of your teachers slapped my son.",
        "You struck a good balance, but a teacher slapped my son.",
        "You both shook hands, and then one of your teachers slapped him.",
        "You shook my hand when I told you that a teacher slapped him.",
        "I emailed you. My son was threatened by one of your staff, and pinned to a wall.",
        "Thank you. My son was humiliated by a teacher.",
        "Why are you sending my son home for fighting when a teacher slapped him?",
        "Are you sending him home? One of your teachers hit him.",
        "You are sending our children to the unit, where the staff hit them.",
        "You threatened to exclude him because a teacher says he lied.",
        "You were mocked by one of your own pupils, and a teacher hit him for it.",
        "Could you message her mother? One of your teachers slapped her.",
        "Would you mind phoning them, a teacher slapped my son.",
        "Thank you for phoning him. One of your staff hit him.",
        "You gave us a lift of the heart, and then a teacher slapped him.",
        "Is it right that you message parents, and that a teacher texts my daughter?",
        "I was told that you text my son's absence each day. A teacher hit him.",
        "Thank you for explaining how you message them through the app. A supply teacher slapped my son.",
        "You phoned them about it, thank you. A teacher hit my son on Monday.",
        "You hugged her when she cried, thank you. A teacher slapped her.",
        "You gave her a lift up to the next set. A teacher slapped her.",
        "You were given the forms to take home alone? A teacher slapped her.",
    ],
)
def test_a_letter_about_somebody_of_the_readers_school_does_not_accuse_its_reader(text: str) -> None:
    accused = find_accused(text, hits, (READER,))
    assert accused.is_unnamed
    assert accused.persons == ()


@pytest.mark.parametrize(
    "text",
    [
        "You hit my son.",
        "you have been messaging my daughter at night",
        "You've repeatedly shouted at her.",
        "You were alone with her in the store room.",
        "You put your hands on my daughter.",
        "I saw your name on Erin's phone this morning, eleven messages after midnight.",
        "Your texts are all over her phone.",
        "You are on Erin's Snapchat and have been talking to her after midnight.",
        "You have my daughter on Snapchat",
        "Your hands were on her.",
        "You told me not to tell anyone.",
        "you sent me pictures of yourself",
        "You asked her to send you photos.",
        "You have, repeatedly, hit him.",
        "Why did you... grab him?",
        "You, then hit him again.",
        "On Friday in the dining hall you took Corey Adeyemi by the collar and pushed him.",
        "She showed me the texts you have been sending her from your own phone.",
        "You shook him until he cried.",
        "Two of my girls have told me that you message them on Snapchat at weekends.",
        "You gave one of them a lift home and asked her not to mention it.",
        "It was when you started texting me after the theatre trip, every night.",
        "You kissed her in the store cupboard and she asked you to stop.",
    ],
)
def test_a_letter_that_says_you_did_it_accuses_its_reader(text: str) -> None:
    assert find_accused(text, hits, (READER,)).persons == (READER,)


def test_a_letter_that_accuses_its_reader_and_names_another_accuses_both() -> None:
    """A wrong guess at "you" must not bring the letter to the one it names."""
    accused = find_accused("You hit my son, and Mr Brown watched and hit him too.", hits, (READER,))
    assert {person.id for person in accused.persons} > {READER.id}
    alone = find_accused("You hit my son. I have told Mr Brown.", hits, (READER,))
    assert alone.persons == (READER,)


def green(text: str) -> tuple[StaffHit, ...]:
    """Mentions of both, by any of their names."""
    found = []
    for words, person in (("Mrs Green", READER), ("the Head", READER), ("Helen Green", READER), *_OF_BROWN):
        found += [
            StaffHit(persons=(person,), start=each.start(), words=words) for each in re.finditer(words, text)
        ]
    return tuple(sorted(found, key=lambda hit: hit.start))


_OF_BROWN = (("Mr Brown", BROWN), ("Tom Brown", BROWN))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Private: for the Head only", "Mr Brown locks them in."),
        ("For the attention of Mrs Green", "Mr Brown locks them in."),
        ("confidential", "Mrs Green, I have to report that Mr Brown locks them in."),
        ("", "Mrs Green, Kim came home in tears. Mr Brown locks them in."),
        ("", "Mrs Green,\nMr Brown locks them in."),
        ("", "Annwyl Mrs Green,\nMr Brown locks them in."),
        ("", "Szanowna Mrs Green\nMr Brown locks them in."),
        ("", "Mr Brown locks them in. Own up to the Head before I do."),
        ("", "Tell him to stop, and go to the Head. Mr Brown locks them in."),
    ],
)
def test_whom_a_letter_is_for_is_not_whom_it_accuses(subject: str, text: str) -> None:
    assert find_accused(text, green, (READER,), subject=subject).persons == (BROWN,)


def test_who_signs_is_not_accused_but_a_name_alone_on_a_line_may_be() -> None:
    text = "Mr Brown gives them vodka.\n\nHelen Green\nGeography"
    assert find_accused(text, green, (), writers=(READER,)).persons == (BROWN,)
    assert find_accused("It was this one who locks them in:\nHelen Green", green, ()).persons == (READER,)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Mrs Green", "Mrs Green hit my son. Nobody believes him."),
        ("Mrs Green", "I went to the Head and she slapped me."),
        ("Mrs Green", "To be plain, Mrs Green shouts at her until she is sick."),
        ("", "Mrs Green, head of maths, locked him in the store room."),
        ("", "Please could you ask Mrs Green why she slapped my son?"),
        ("", "He was talking to Mrs Green when she slapped him."),
        ("For your attention: Mrs Green slapped my son", "She slapped him on Monday."),
        ("For Mrs Green messaging my daughter", "It has to stop."),
        ("", "Mrs Green\nShe slapped him on Monday."),
        ("", "Mrs Green: slapped my son on Tuesday."),
        ("", "Madame Helen Green slapped him round the face, on Tuesday"),
        ("", "She keeps writing to Helen Green at night and gets pictures back."),
        ("", "Somebody ask Helen Green to stop sending my daughter photos."),
    ],
)
def test_somebody_named_in_what_happened_stays_accused(subject: str, text: str) -> None:
    for recipients in ((), (BROWN,), (READER,)):
        assert READER in find_accused(text, green, recipients, subject=subject).persons


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("For the Head only", "She locks them in."),
        ("", "Annwyl Mrs Green,\nShe locks them in."),
        ("", "If it is you, stop it and go to the Head before I do."),
    ],
)
def test_where_no_other_name_is_left_the_reader_may_be_meant_and_so_may_anybody(
    subject: str, text: str
) -> None:
    accused = find_accused(text, green, (BROWN,), subject=subject)
    assert (accused.persons, accused.is_unnamed) == ((READER,), True)


def test_hostile_spaces_cost_nothing() -> None:
    for text in ("Mr Brown" + " " * 100_000, "!" + " " * 100_000 + "x", "Annwyl " + "a " * 50_000):
        find_accused(text, green, (READER,), subject=text)


@pytest.mark.parametrize(
    "text",
    [
        "Mrs Green, I have to tell you something. The supply teacher locks them in.",
        "Mrs Green sorry to bother you but the supply teacher locks them in.",
    ],
)
def test_a_reader_who_is_spoken_to_is_not_even_perhaps_the_accused(text: str) -> None:
    accused = find_accused(text, green, (READER,))
    assert (accused.persons, accused.is_unnamed) == ((), True)
    # Sent to somebody else, it may be about her.
    assert find_accused("Mrs Green sorry excuse that she is locks them in.", green, (BROWN,)).persons


JAMES = Person(id="S3", name="James Adler", list=PersonList.STAFF, source="staff.csv:4")
SAMIRA = Person(id="S4", name="Samira Noor", list=PersonList.STAFF, source="staff.csv:5")


@pytest.mark.parametrize(
    "text",
    [
        "Helen, James\n\nA girl showed me her phone. There is a thread with James on it, with kisses.",
        "Helen,\n\nI said to James's face that I would write this. He left nine pupils on the bus with the engine running.",
        "Morning both\nJames has been messaging a girl in year 10.",
    ],
)
def test_a_colleague_speaks_of_a_reader_by_the_given_name(text: str) -> None:
    accused = find_accused(text, hits, (READER, JAMES), writers=(SAMIRA,))
    assert accused.persons == (JAMES,)
    # Another of that name may be meant: nobody but the chain gets it.
    assert accused.is_unnamed
    assert not accused.is_reader_alone


@pytest.mark.parametrize(
    "text",
    [
        "Helen, James\n\nOne of the coaches has been messaging a girl in year 10.",
        "Hi James,\nOne of the coaches has been messaging a girl, James, and I told Helen.",
        "James\n\nSomebody on the staff has been messaging a girl. What do we do, Helen?",
        "James and I saw one of the coaches with a girl of year 10 in his car.",
        "James saw one of the coaches with a girl of year 10 in his car.",
        "One of the coaches hit James in 9C.",
        "One of the coaches hit James Okafor.",
        "One of the coaches messaged a girl from dusk till dawn in james street.",
    ],
)
def test_a_reader_who_is_only_spoken_to_by_given_name_is_not_accused(text: str) -> None:
    accused = find_accused(text, hits, (READER, JAMES), writers=(SAMIRA,))
    assert accused.persons == ()
    assert accused.is_unnamed


def test_a_parents_james_may_be_a_pupil_and_a_surname_goes_before_given_names() -> None:
    assert find_accused("James was hit by Mr Brown.", hits, (JAMES,)).persons == (BROWN,)
    assert find_accused("A teacher hit James.", hits, (READER, JAMES)).persons == ()
    assert (
        find_accused(
            "James is on her phone, with kisses, a teacher!", hits, (JAMES,), writers=(SAMIRA,)
        ).persons
        == ()
    )
    assert find_accused("James and I saw Mr Brown hit him.", hits, (JAMES,), writers=(SAMIRA,)).persons == (
        BROWN,
    )


def test_a_long_first_line_costs_nothing() -> None:
    find_accused("a---" * 20_000 + "à:", hits, (READER, JAMES), writers=(SAMIRA,))


def test_a_first_line_of_names_among_colleagues_accuses_nobody() -> None:
    text = "James, Mr Brown,\n\nI went in with the post and a colleague had hold of a boy by both shoulders and was shaking him."
    accused = find_accused(text, hits, (BROWN, JAMES), writers=(SAMIRA,))
    assert accused.persons == ()
    assert accused.is_unnamed


def test_as_you_asked_accuses_nobody() -> None:
    text = "I return her form as you asked. Her first choice was the vet. Mr Brown has been messaging her."
    assert find_accused(text, hits, (READER,)).persons == (BROWN,)
    assert find_accused("You asked her to meet you after school.", hits, (READER,)).persons == (READER,)
