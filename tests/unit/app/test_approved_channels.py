"""Approved channels as a list decide as those of the settings do."""

import re
import shutil
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from mailguard.app.explain import explanation
from mailguard.app.list_files import ListName, ListsProblem
from mailguard.app.lists import load_lists
from mailguard.config import load_config
from mailguard.domain.message import Envelope
from mailguard.wiring import list_files, make_parts, school_of, surroundings
from tests.storing import TurnedClock

VERDICTS = Path(__file__).parents[2] / "verdicts"
HEADER = "approver,pupil_domain,representatives,expires\n"
ROW = "Alice Head,pupils.hill.example,r.novak@hill.example,2027-07-31\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The school of the golden decisions, with its channel in a list and not in the settings."""
    folder = tmp_path / "school"
    shutil.copytree(VERDICTS / "school", folder)
    path = folder / "mailguard.toml"
    text = re.sub(r"\[\[approved_channel\]\]\n(?:.+\n)+", "", path.read_text("utf-8"))
    assert "approved_channel" not in text
    path.write_text(
        text.replace("[lists]\n", '[lists]\napproved_channels = "lists/approved_channels.csv"\n'), "utf-8"
    )
    (folder / "lists" / "approved_channels.csv").write_text(HEADER + ROW, "utf-8")
    return path


@pytest.mark.parametrize(
    "name",
    ["d2-approved-channel", "d2-approved-channel-expired", "d2-approved-channel-not-for-chat"],
)
def test_a_channel_of_the_list_decides_as_one_of_the_settings(config: Path, name: str) -> None:
    wanted = tomllib.loads((VERDICTS / name / "expected.toml").read_text("utf-8"))
    day = wanted.get("clock", date(2026, 11, 24))
    clock = TurnedClock()
    clock.at = datetime.combine(day, time(9, 30), tzinfo=UTC)
    inspector = make_parts(load_config(config), clock=clock).inspector()
    envelope = Envelope(mail_from=wanted["mail_from"], rcpt_tos=tuple(wanted["rcpt_tos"]))
    answer = explanation(
        inspector.inspect((VERDICTS / name / "message.eml").read_bytes(), envelope), path=name
    )
    assert answer["disposition"] == wanted["expect"]["disposition"]
    assert (answer["row"] == "D2a") == (name == "d2-approved-channel")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",pupils.hill.example,r.novak@hill.example,2027-07-31", "names no approver"),
        ("Alice Head,other.example,r.novak@hill.example,2027-07-31", "is no pupil domain"),
        ("Alice Head,pupils.hill.example,,2027-07-31", "names no representative"),
        ("Alice Head,pupils.hill.example,novak,2027-07-31", "is no mail address"),
        ("Alice Head,pupils.hill.example,r.novak@hill.example,", "is no date"),
    ],
)
def test_a_channel_wants_all_four(config: Path, row: str, says: str) -> None:
    (config.parent / "lists" / "approved_channels.csv").write_text(f"{HEADER}{row}\n", "utf-8")
    loaded = load_config(config)
    with pytest.raises(ListsProblem, match=says):
        load_lists(list_files(loaded), surroundings(loaded, school_of(loaded)))


def test_channels_are_counted_with_the_other_lists(config: Path) -> None:
    loaded = load_config(config)
    lists = load_lists(list_files(loaded), surroundings(loaded, school_of(loaded)))
    assert lists.counts[ListName.APPROVED_CHANNELS] == 1
    assert lists.approved_channels()[0].source == "lists/approved_channels.csv:2"
