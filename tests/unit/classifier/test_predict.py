"""What the shipped model says of plain cases, and that serving never needs scikit-learn."""

import subprocess
import sys

import pytest

from mailguard.app.ports import Classifier
from mailguard.classifier.registry import open_classifier
from mailguard.domain.message import MessageFacts


@pytest.fixture(scope="module")
def model() -> Classifier:
    return open_classifier()


def _message(text: str, *, subject: str = "") -> MessageFacts:
    return MessageFacts(sha256="", content_sha256="", size_bytes=0, subject=subject, own_text=text)


def test_probabilities_of_exclusive_heads_sum_to_one(model: Classifier):
    scores = model.predict(_message("see you tomorrow"))
    for head in (scores.kind, scores.event, scores.initiator):
        assert sum(head.values()) == pytest.approx(1, abs=1e-4)
    assert all(0 <= value <= 1 for value in scores.nature.values())


def test_a_pupils_invitation_is_one_and_says_why(model: Classifier):
    scores = model.predict(
        _message("hiya sir its tyler 9b do u have insta?? add me im ty.skates", subject="hi")
    )
    assert "social_invite" in scores.natures_over_threshold
    assert any("insta" in reason or "add me" in reason for reason in scores.reasons["nature.social_invite"])
    assert "addressof" not in str(dict(scores.reasons))


def test_reasons_stay_within_a_sentence_and_a_notification_has_its_own(model: Classifier):
    scores = model.predict(_message("hiya sir. its tyler 9b. add me on insta im ty.skates", subject="maths"))
    said = [reason for some in scores.reasons.values() for reason in some]
    assert said
    assert not any("maths hiya" in reason or "sir its" in reason for reason in said)
    notice = model.predict(
        _message(
            "Jess Moon sent you a friend request. Confirm or delete the request. You have 3 mutual friends.",
            subject="Jess Moon wants to be your friend",
        )
    )
    assert any(
        word in reason
        for reason in notice.reasons["kind.notification"]
        for word in ("friend", "request", "mutual")
    )
    assert any("friend" in reason for reason in notice.reasons["event.friend_request"])


def test_a_parents_absence_note_is_neither_grave_nor_a_childs(model: Classifier):
    scores = model.predict(
        _message("Dear Mrs Holt, Amelia has a temperature and won't be in today. Kind regards, Jo Smith")
    )
    assert not scores.is_child_voice
    assert "admin" in scores.natures_over_threshold
    assert not set(scores.natures_over_threshold) & {
        "disclosure",
        "allegation",
        "threat",
        "personal",
        "social_invite",
    }


def test_words_of_no_known_language_are_uncertain_not_grave(model: Classifier):
    scores = model.predict(_message("zxqv wrtk plmno qazx vbtr oiuyt mnbvc lkjhg poiuy"))
    assert scores.is_uncertain
    assert not set(scores.natures_over_threshold) & {
        "disclosure",
        "allegation",
        "threat",
        "meeting_or_secrecy",
    }


# Every one of them says: my child is ill, please send the homework.
@pytest.mark.parametrize(
    "text",
    [
        "Hei opettaja, poikani on kipeänä eikä tule tänään kouluun. Voisitko lähettää tehtävät kotiin?",
        "Tere hommikust, mu tütar on täna haige ega saa kooli tulla. Palun saatke kodutöö.",
        "გამარჯობა, ჩემი შვილი დღეს ავად არის და სკოლაში ვერ მოვა. გთხოვთ გამოაგზავნოთ დავალება.",
        "Kaixo, nire semea gaixorik dago eta gaur ezin da eskolara joan. Mesedez, bidali etxeko lanak.",
        "ሰላም፣ ልጄ ዛሬ ታሟል፤ ወደ ትምህርት ቤት አይመጣም። እባክዎ የቤት ሥራውን ይላኩ።",
    ],
)
def test_a_language_it_does_not_know_is_for_review_and_nothing_harmless_is_said_of_it(
    model: Classifier, text: str
):
    scores = model.predict(_message(text))
    assert scores.is_foreign
    assert scores.is_uncertain
    assert scores.natures_over_threshold == ()
    assert scores.natures_of(is_child=True) == ()


def test_an_empty_message_gives_scores(model: Classifier):
    assert model.predict(_message("")).model_id == model.model_id


def test_the_same_message_scores_the_same(model: Classifier):
    assert model.predict(_message("hello sir")) == model.predict(_message("hello sir"))


def test_predicting_imports_no_scikit_learn():
    program = (
        "import sys; from mailguard.classifier.registry import open_classifier; from mailguard.domain.message import MessageFacts;"
        "open_classifier().predict(MessageFacts(sha256='', content_sha256='', size_bytes=0, own_text='hi'));"
        "sys.exit(any(name.split('.')[0] in ('sklearn', 'scipy', 'joblib') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
