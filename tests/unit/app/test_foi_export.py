import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import pytest

from mailguard.app.export_making import Maker
from mailguard.domain.words import Level, Role
from tests.effects_fixture import Office, decided
from tests.exporting import DEPUTY_MAKER, HEAD_MAKER, exports_of, office


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def answer(school: Office, *, by: Maker = HEAD_MAKER) -> dict[str, str]:
    made = exports_of(school).foi.make(date(2026, 9, 1), date(2026, 12, 31), by=by, reason="request 12")
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def counts(files: dict[str, str]) -> dict[tuple[str, str], str]:
    rows = csv.DictReader(io.StringIO(files["counts.csv"], newline=""))
    return {(row["Table"], row["Value"]): row["Cases"] for row in rows}


def messages(school: Office, number: int, **decision: object) -> None:
    for each in range(number):
        raw = f"From: x@y.test\r\nSubject: {decision} {each}\r\n\r\nwords\r\n".encode()
        school.receive(decided(**decision), raw=raw)  # type: ignore[arg-type]


def test_numbers_below_five_are_not_published_and_cannot_be_worked_out(school: Office):
    messages(school, 9)
    messages(school, 2, level=Level.EMERGENCY, row="D1")
    messages(school, 6, level=Level.URGENT, row="O2")
    found = counts(answer(school))
    assert found[("Cases, by level", "level 5")] == "fewer than 5"
    assert found[("Cases, by level", "level 4")] == "not shown"
    assert found[("Cases, by level", "level 3")] == "9"
    assert found[("Cases, by level", "total")] == "17"


def test_the_table_of_cases_shows_only_what_five_or_more_share(school: Office):
    messages(school, 6)
    messages(school, 1, level=Level.EMERGENCY, row="D1")
    table = answer(school)["cases.csv"]
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert rows[1] == [
        "Autumn term 2026", "Child contact", "direct mail", "level 3", "not yet decided", "none recorded", "6",
    ]  # fmt: skip
    assert rows[2][0].startswith("all other combinations")
    assert rows[2][-1] == "fewer than 5"


def test_nothing_in_the_answer_could_name_a_person(school: Office):
    messages(school, 6)
    text = "\n".join(answer(school).values())
    for word in ("Harvey", "P0003", "S010", "Nair", "MG-2026", "@", "28 September"):
        assert word not in text, word


def test_a_case_about_the_head_is_counted_only_for_others(school: Office):
    messages(school, 6, subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    assert counts(answer(school))[("Cases, by kind", "total")] == "0"
    assert counts(answer(school, by=DEPUTY_MAKER))[("Cases, by kind", "total")] == "6"


def test_messages_of_a_case_about_the_maker_are_in_no_number(school: Office):
    """Else messages less cases would say how many are closed to the maker."""
    messages(school, 6)
    about_head = decided(subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    school.receive(about_head, raw=b"From: q@y.test\r\nSubject: other\r\n\r\nwords\r\n")
    with school.store.transaction() as transaction:
        transaction.ledger.count(
            day=date(2026, 9, 28), row=about_head.row, verdict=about_head.verdict.value, count=7
        )
    table = "Messages judged, by kind"
    assert counts(answer(school, by=DEPUTY_MAKER))[(table, "total")] == "7"
    assert counts(answer(school))[(table, "total")] == "6"
