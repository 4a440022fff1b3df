"""A letter that holds two thoughts: neither hides the other."""

from collections import Counter

from mailguard.classifier.artefact import open_classifier
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Nature

INVITE, SECRET = Nature.SOCIAL_INVITE, Nature.MEETING_OR_SECRECY
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
    # One of the five is still taken for an invitation alone.
    assert missed.total() <= 1
    assert not missed[INVITE.value]
