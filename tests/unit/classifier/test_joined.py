"""Two short letters as one: what either asks is asked."""

from collections import Counter

import pytest

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.corpus import Record
from mailguard.classifier.joined import joined_records, natures_of_both
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Initiator, Kind, Nature

INVITE, SECRET, CHAT = Nature.SOCIAL_INVITE, Nature.MEETING_OR_SECRECY, Nature.PERSONAL


def letter(
    line: int, nature: Nature, *, file: str = "a-1.txt", initiator: Initiator = Initiator.CHILD
) -> Record:
    return Record(
        file, line, f"subject {line}", f"words of {file} {line}.", natures=(nature,), initiator=initiator
    )


def test_letters_of_one_file_and_writer_are_joined_and_the_same_each_time():
    records = [letter(line, (INVITE, SECRET, CHAT)[line % 3]) for line in range(300)]
    others = [
        letter(line, INVITE, file="b-1.txt", initiator=(Initiator.CHILD, Initiator.PARENT)[line % 2])
        for line in range(300)
    ]
    found = joined_records([*records, *others], seed=7)
    assert found == joined_records([*records, *others], seed=7)
    assert found != joined_records([*records, *others], seed=8)
    assert 80 < len(found) <= 100
    bodies = {record.body: record for record in (*records, *others)}
    assert len({len(each.natures) for each in found}) == 2
    for each in found:
        parts = [body for body in bodies if each.body.startswith(body) or each.body.endswith(body)]
        of_both = [bodies[body] for body in parts if each.file == bodies[body].file]
        assert len(of_both) >= 2
        assert {part.initiator for part in of_both} == {each.initiator}
        assert set(each.natures) <= {nature for part in of_both for nature in part.natures}


def test_pictures_long_letters_and_other_kinds_are_left_as_they_are():
    records = [
        *(letter(line, Nature.IMAGE) for line in range(40)),
        *(Record("c", line, "", "long " * 46, natures=(INVITE,)) for line in range(40)),
        *(Record("d", line, "", "news", kind=Kind.NOTIFICATION) for line in range(40)),
        letter(1, INVITE, file="e"),
    ]
    assert joined_records(records, seed=1) == []


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ((INVITE,), (SECRET,), (INVITE, SECRET)),
        ((Nature.SCHOOLWORK,), (SECRET,), (SECRET,)),
        ((INVITE, SECRET), (SECRET,), (INVITE, SECRET)),
        ((Nature.SCHOOLWORK,), (Nature.SCHOOLWORK,), (Nature.SCHOOLWORK,)),
        ((Nature.SCHOOLWORK,), (Nature.ADMIN,), ()),
    ],
)
def test_every_grave_nature_of_either_holds(
    one: tuple[Nature, ...], other: tuple[Nature, ...], both: tuple[Nature, ...]
):
    assert natures_of_both(one, other) == both


TWO_THOUGHTS = (
    "hi miss can you message me on insta tonight dont tell mum",
    "please dont tell anyone i messaged you. add me on snap",
    "add me on whatsapp 07700 900412 but keep it between us ok",
    "my discord is koala_9 sir, delete this email after so nobody sees",
    "i did question 4. also my snap is tj.k09 n dont let the other teachers know i gave it u",
)


def test_an_invitation_does_not_hide_the_wish_that_nobody_hear_of_it():
    model = open_classifier()
    missed: Counter[str] = Counter()
    for text in TWO_THOUGHTS:
        facts = MessageFacts(sha256="", content_sha256="", size_bytes=0, subject="hi", own_text=text)
        missed.update({INVITE.value, SECRET.value} - set(model.predict(facts).natures_of(is_child=True)))
    assert not missed
