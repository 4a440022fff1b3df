"""English is told from other languages by its commonest words; what is too short to tell counts as English."""

import pytest

from mailguard.classifier.tongue import is_english


@pytest.mark.parametrize(
    "body",
    [
        "i dont want to go home because of him",
        "Please find attached the invoice for your order.",
        "u wont tell anyone i emailed will u, its just that im scared",
        "lol",
        "Flu",
        "😂😂😂",
        "he hit me again today 😭",
        "Absence: Harvey Doyle 10B dentist appointment Thursday 11am",
        "",
    ],
)
def test_english_and_what_is_too_short(body: str) -> None:
    assert is_english("", body)


@pytest.mark.parametrize(
    "body",
    [
        "proszę pana nie chcę iść dzisiaj do domu",
        "dwi ddim isio mynd adra achos mae o'n gweiddi",
        "sir ji ghar mein bohat larai hoti hai main school se der se jaun ga",
        "المعلمة ما بدي ارجع عالبيت اليوم",
        "妈妈说明天我不能来上学 因为 我 生病 了",
        "no quiero volver a casa hoy, profe",
    ],
)
def test_other_languages(body: str) -> None:
    assert not is_english("", body)


def test_the_subject_counts_and_only_the_beginning_of_a_text() -> None:
    assert is_english("what do you think of this one", "co pani o tym sądzi?")
    assert not is_english("", "proszę pana nie mogę przyjść jutro " * 60 + "and this is the end of it " * 200)
