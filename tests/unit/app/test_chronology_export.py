import csv
import io
from pathlib import Path

import pytest

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.chronology_export import Side
from mailguard.app.export_making import MadeExport, Maker
from mailguard.app.export_records import ExportPurpose
from mailguard.domain.words import Role
from tests.effects_fixture import Office, decided
from tests.exporting import DEPUTY_MAKER, HEAD_MAKER, exports_of, office


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def of_case(school: Office, case_id: str, side: Side, *, by: Maker = HEAD_MAKER) -> MadeExport:
    return exports_of(school).chronologies.of_case(
        case_id, side, by=by, purpose=ExportPurpose.SCHOOL_RECORD, reason="for the record"
    )


def of_person(school: Office, about: str, *, by: Maker = HEAD_MAKER) -> MadeExport:
    return exports_of(school).chronologies.of_person(
        about, by=by, purpose=ExportPurpose.SCHOOL_RECORD, reason="for the record"
    )


def rows_of(made: MadeExport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"), newline="")))


def handled(school: Office) -> str:
    case_id = school.receive().case_id
    school.work()
    school.casebook.confirm(case_id, by="head", reason="Ms Nair was seen with him")
    return case_id


def test_each_side_names_its_own_people_and_speaks_of_the_others_by_kind(school: Office):
    case_id = handled(school)
    pupil = of_case(school, case_id, Side.PUPIL).content.decode()
    staff = of_case(school, case_id, Side.STAFF).content.decode()
    assert "Harvey Doyle (P0003); a member of staff" in pupil
    assert "Priya Nair (S010)" in staff
    assert "a pupil" in staff
    for name in ("Nair", "p.nair", "S010"):
        assert name not in pupil, name
    for name in ("Harvey", "harvey", "P0003"):
        assert name not in staff, name


def test_a_chronology_has_local_and_universal_time_and_the_event_in_the_trail(school: Office):
    case_id = handled(school)
    rows = rows_of(of_case(school, case_id, Side.PUPIL))
    assert (rows[0]["Date"], rows[0]["Time"], rows[0]["UTC"]) == (
        "28/09/2026",
        "10:00",
        "2026-09-28T09:00:00Z",
    )
    assert rows[0]["What happened"].startswith("A pupil wrote to a member of staff. Case opened: ")
    assert rows[0]["Audit event"] == "1"
    assert [row["What happened"].partition(":")[0] for row in rows][1:3] == [
        "Report sent",
        "Contact confirmed",
    ]


def test_the_chronology_of_a_person_runs_over_all_their_cases_and_names_nobody_else(school: Office):
    first = handled(school)
    school.clock.pass_time(days=3)
    second = school.receive(raw=b"From: harvey@inbox.test\r\n\r\nanother one\r\n").case_id
    made = of_person(school, "P0003")
    assert [row["Case"] for row in rows_of(made) if row["What happened"].startswith("A pupil")] == [
        first,
        second,
    ]
    assert made.filename == "chronology-P0003-pupil.csv"
    text = made.content.decode()
    assert "Nair" not in text
    assert "Priya Nair" in of_person(school, "S010").content.decode()


def test_a_case_about_the_head_is_in_no_chronology_that_the_head_makes(school: Office):
    about_head = decided(subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    case_id = school.receive(about_head).case_id
    with pytest.raises(UnknownCase):
        of_case(school, case_id, Side.PUPIL)
    assert rows_of(of_person(school, "P0003")) == []
    assert rows_of(of_person(school, "P0003", by=DEPUTY_MAKER)) != []
