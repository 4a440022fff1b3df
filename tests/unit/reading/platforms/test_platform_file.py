"""Reading config/platforms.toml: everything wrong is told at once."""

from __future__ import annotations

import pytest

from mailguard.config_sections.school import DEFAULT_APPROVED_PLATFORMS
from mailguard.domain.words import Event, PlatformClass
from mailguard.reading.platforms import PlatformsProblem, Recognisers
from mailguard.shipped import shipped_path
from tests.unit.reading.platforms.messages import facts_of

_TEXT = "\n".join(
    f"{name} = ''"
    for name in "footer greeting call detail nobody others machine notice office contact social".split()
)
GOOD = f"""
version = 1
[platform.zingo]
name = "Zingo"
class = "social"
from = ["zingo.test"]
[text]
{_TEXT}
"""


def test_the_version_follows_the_content() -> None:
    one = Recognisers.from_toml(GOOD.encode(), "a.toml")
    other = Recognisers.from_toml((GOOD + "\n").encode(), "a.toml")
    assert len(one.version) == 12
    assert one.version != other.version


def test_all_problems_are_told_at_once_with_file_key_value_and_fix() -> None:
    bad = GOOD.replace('"social"', '"sociable"').replace("zingo.test", "not a domain") + (
        "office_header = ['x']\n[[wording]]\nevent = 'waved'\nlanguage = 'en'\npatterns = '''\n^<whom> (waved\n'''\n"
    )
    with pytest.raises(PlatformsProblem) as caught:
        Recognisers.from_toml(bad.encode(), "mine.toml")
    told = "\n".join(caught.value.problems)
    assert all(line.startswith("mine.toml: ") for line in caught.value.problems)
    for word in ("sociable", "not a domain", "office_header", "waved", "<whom>", "regular expression"):
        assert word in told


def test_a_domain_may_belong_to_one_platform_only() -> None:
    twice = GOOD.replace(
        "[text]", '[platform.zango]\nname = "Zango"\nclass = "social"\nfrom = ["zingo.test"]\n[text]'
    )
    with pytest.raises(PlatformsProblem, match="also belongs to zingo"):
        Recognisers.from_toml(twice.encode(), "a.toml")


def test_a_school_service_has_no_gateways_and_no_links() -> None:
    bad = GOOD.replace('"social"', '"education"').replace(
        "[text]", "gateways = [{ kind = 'reply', domain = 'r.zingo.test' }]\n[text]"
    )
    with pytest.raises(PlatformsProblem, match="no gateways"):
        Recognisers.from_toml(bad.encode(), "a.toml")


@pytest.mark.parametrize("data", [b"version = ", b"\xff\xfe"])
def test_what_is_not_toml_is_a_problem_and_no_crash(data: bytes) -> None:
    with pytest.raises(PlatformsProblem, match=r"a\.toml"):
        Recognisers.from_toml(data, "a.toml")


def test_the_shipped_file_knows_the_platforms_of_the_contract() -> None:
    path = shipped_path("config/platforms.toml")
    classes = Recognisers.from_toml(path.read_bytes(), str(path)).classes
    assert len(classes) >= 50
    assert {"facebook", "instagram", "x", "google-classroom", "sharepoint", "microsoft-teams"} <= set(classes)


def test_every_education_service_is_approved_unless_a_school_says_otherwise() -> None:
    path = shipped_path("config/platforms.toml")
    classes = Recognisers.from_toml(path.read_bytes(), str(path)).classes
    education = {name for name, kind in classes.items() if kind is PlatformClass.EDUCATION}
    assert education <= set(DEFAULT_APPROVED_PLATFORMS) <= set(classes)


def test_a_platform_s_first_wording_counts_before_graver_shared_ones() -> None:
    shared = "[[wording]]\nevent = 'friend_request'\nlanguage = 'en'\npatterns = '''\n^<who> added you\n'''\n"
    own = (
        "[[platform.zingo.wording]]\nevent = 'follow'\nlanguage = 'en'\nfirst = true\n"
        "patterns = '''\n^<who> added you on zingo$\n'''\n[text]"
    )
    recognisers = Recognisers.from_toml((GOOD.replace("[text]", own) + shared).encode(), "a.toml")

    def event(subject: str) -> Event | None:
        found = recognisers.recognise(facts_of("Zingo <hi@zingo.test>", subject, ""))
        return found.event if found is not None else None

    assert event("Ravi Shah added you on Zingo") is Event.FOLLOW
    assert event("Ravi Shah added you") is Event.FRIEND_REQUEST


def test_no_shared_wording_is_first() -> None:
    shared = "[[wording]]\nevent = 'follow'\nlanguage = 'en'\nfirst = true\npatterns = '''\n^<who> x\n'''\n"
    with pytest.raises(PlatformsProblem, match="a platform's own only"):
        Recognisers.from_toml((GOOD + shared).encode(), "a.toml")


def test_a_service_stands_in_a_sentence_by_a_name_that_has_letters_and_no_capitals() -> None:
    wording = "[[wording]]\nevent = 'follow'\nlanguage = 'hi'\npatterns = '''\n^<who> <service> पर\n'''\n"
    named = GOOD.replace('name = "Zingo"', 'name = "Zingo"\nnames = ["ज़िंगो", "360", "."]')

    def fits(subject: str) -> bool:
        found = Recognisers.from_toml((named + wording).encode(), "a.toml").recognise(
            facts_of("Zingo <hi@zingo.test>", subject, "")
        )
        return found is not None and found.event is Event.FOLLOW

    assert fits("Ravi Shah ज़िंगो पर")
    assert fits("Ravi Shah Zingo पर")
    assert not fits("Ravi Shah 360 पर")
    assert not fits("Ravi Shah . पर")
