"""How sure the model is of what matters: first whether a letter is grave, then the rest."""

from mailguard.domain.not_understood import certainty, is_doubtful, is_unknown_to_model
from mailguard.domain.scores import Scores

THRESHOLDS = {"disclosure": 0.4, "threat": 0.4, "personal": 0.62}


def direct(
    nature: dict[str, float], *, writer: float = 0.8, is_uncertain: bool = False, over: tuple[str, ...] = ()
) -> Scores:
    return Scores(
        model_id="m",
        kind={"direct": 0.97},
        initiator={"child": writer},
        nature=nature,
        natures_over_threshold=over,
        is_uncertain=is_uncertain,
    )


def test_a_disclosure_close_below_its_threshold_comes_before_an_unlikely_writer():
    nearly = direct({"disclosure": 0.35, "threat": 0.01}, writer=0.79)
    printer = direct({"disclosure": 0.002, "threat": 0.001}, writer=0.15, is_uncertain=True)
    assert certainty(nearly, THRESHOLDS) < certainty(printer, THRESHOLDS)
    assert is_doubtful(nearly, THRESHOLDS)


def test_what_is_told_is_not_in_doubt_nor_what_is_far_from_any_threshold():
    told = direct({"disclosure": 0.45, "threat": 0.001}, over=("disclosure",))
    plain = direct({"disclosure": 0.002, "threat": 0.001})
    assert not is_doubtful(told, THRESHOLDS)
    assert not is_doubtful(plain, THRESHOLDS)
    assert certainty(plain, THRESHOLDS) > 0.9


def test_of_a_notification_the_event_counts():
    unsure = Scores(
        model_id="m", kind={"notification": 0.99}, initiator={"none": 0.99}, event={"follow": 0.3}
    )
    sure = Scores(model_id="m", kind={"notification": 0.99}, initiator={"none": 0.99}, event={"follow": 0.95})
    assert certainty(unsure, THRESHOLDS) < certainty(sure, THRESHOLDS)


def test_an_unknown_language_and_a_text_that_could_not_be_scored_are_unknown_and_no_model_is_not():
    assert is_unknown_to_model(Scores(model_id="m", kind={"direct": 1.0}, is_foreign=True))
    assert is_unknown_to_model(Scores(model_id="m", is_uncertain=True))
    assert not is_unknown_to_model(direct({}))
    assert not is_unknown_to_model(Scores())
