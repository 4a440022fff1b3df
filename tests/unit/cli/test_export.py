"""``mailguard export`` on a real store, and its checking in a process that has neither settings nor store."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailguard.cli import cli
from mailguard.domain.words import Level, ReportWhen, Role
from tests.daemon import Daemon
from tests.effects_fixture import RAW, Office, RememberingCourier, decided
from tests.servers import free_port

POLICE = ("--purpose", "police", "--reason", "asked by telephone")


@dataclass
class School:
    """Runs commands on one installation. ``folder``: where files are written to."""

    config: Path
    state: Path
    folder: Path

    def run(self, *words: str) -> Result:
        where = ["--config", str(self.config), "--state", str(self.state)]
        return CliRunner().invoke(cli, [*words[:2], *where, *words[2:]])

    def pack(self, case_id: str, *more: str, by: str = "head") -> Result:
        return self.run("export", "case", case_id, "--by", by, *POLICE, "--to", str(self.folder), *more)


@pytest.fixture
def school(tmp_path: Path) -> School:
    installation = Daemon(folder=tmp_path, port=free_port(), next_hop_port=free_port())
    installation.write_config()
    folder = tmp_path / "out"
    folder.mkdir()
    return School(config=installation.config, state=installation.state, folder=folder)


def received(school: School, *, raw: bytes = RAW, **decision: Any) -> str:
    office = Office(school.state, RememberingCourier())
    case_id = office.receive(decided(**decision), raw=raw).case_id
    office.close()
    return case_id


def verified_elsewhere(*words: str) -> subprocess.CompletedProcess[str]:
    """In a clean process: no settings, no store, no home."""
    return subprocess.run(
        [sys.executable, "-m", "mailguard", "audit", "verify", "--config", "/nowhere", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"]},
    )


def test_a_pack_made_here_verifies_in_a_process_without_settings_or_store(school: School) -> None:
    case_id = received(school)
    made = school.pack(case_id)
    assert made.exit_code == 0, made.output
    path = school.folder / f"{case_id}.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    key = made.output.splitlines()[-1].removeprefix("public key: ")
    answer = verified_elsewhere("--pack", str(path), "--key", key)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 message with the hash of arrival" in answer.stdout

    path.write_bytes(path.read_bytes().replace(b"hi miss u awake", b"hi miss u AWAKE"))
    answer = verified_elsewhere("--pack", str(path), "--key", key, "--json")
    assert answer.returncode == 3
    assert "messages/1.eml" in {each["place"] for each in json.loads(answer.stdout)["problems"]}


def test_a_pack_without_a_key_from_outside_is_not_checked(school: School) -> None:
    case_id = received(school)
    school.pack(case_id)
    answer = verified_elsewhere("--pack", str(school.folder / f"{case_id}.zip"))
    assert answer.returncode == 2
    assert "the key inside the file proves nothing" in answer.stderr


def test_a_case_about_the_head_is_no_case_for_the_head_and_is_one_for_the_chair(school: School) -> None:
    from mailguard.config import load_config

    head = load_config(school.config).config.roles.head.address
    case_id = received(school, withheld_roles=(Role.HEAD,), subjects=(head,), report_roles=(Role.CHAIR,))
    refused = school.pack(case_id)
    assert refused.exit_code == 1
    assert f"{case_id}: no such case" in refused.output
    assert list(school.folder.iterdir()) == []
    assert school.pack(case_id, by="chair").exit_code == 0


def test_a_blank_reason_is_refused(school: School) -> None:
    case_id = received(school)
    refused = school.run("export", "case", case_id, "--by", "head", "--purpose", "police", "--reason", " ")
    assert refused.exit_code == 1
    assert "say why" in refused.output


def test_a_chronology_of_a_case_wants_to_know_whose_record_it_is_for(school: School) -> None:
    case_id = received(school)
    asked = (
        "--by",
        "head",
        "--purpose",
        "school-record",
        "--reason",
        "for the record",
        "--to",
        str(school.folder),
    )
    refused = school.run("export", "chronology", case_id, *asked)
    assert refused.exit_code == 2
    assert "kept apart" in refused.output
    assert school.run("export", "chronology", case_id, "--side", "staff", *asked).exit_code == 0
    assert (school.folder / f"chronology-{case_id}-staff.csv").exists()
    assert school.run("export", "chronology", "nobody", *asked).exit_code == 1


def test_a_subject_access_export_is_made_of_a_table_in_which_every_item_was_decided(school: School) -> None:
    received(school)
    asked = ("--by", "head", "--reason", "letter of 3 May", "--to", str(school.folder))
    drafted = school.run("export", "subject-access-draft", "harvey@inbox.test", "--take-out", "awake", *asked)
    assert drafted.exit_code == 0, drafted.output
    (table,) = school.folder.glob("*.csv")
    rows = list(csv.reader(io.StringIO(table.read_text("utf-8-sig"), newline="")))
    assert "[taken out by the reviewer]" in table.read_text("utf-8-sig")
    rows[1][2] = ""
    write_table(table, rows)
    refused = school.run("export", "subject-access", str(table), "--by", "head", "--to", str(school.folder))
    assert refused.exit_code == 3, refused.output
    assert "not decided" in refused.output
    write_table(table, [rows[0], *([*row[:2], "yes", *row[3:]] for row in rows[1:])])
    made = school.run("export", "subject-access", str(table), "--by", "head", "--to", str(school.folder))
    assert made.exit_code == 0, made.output
    assert list(school.folder.glob("subject-access-*.zip"))
    again = school.run("export", "subject-access", str(table), "--by", "head", "--to", str(school.folder))
    assert "handed out already" in again.output


def test_a_freedom_of_information_answer_is_written(school: School) -> None:
    received(school)
    asked = ("--by", "head", "--reason", "request 12", "--to", str(school.folder))
    assert school.run("export", "foi", "--from", "2026-09-01", "--until", "2026-08-01", *asked).exit_code == 2
    made = school.run("export", "foi", "--from", "2026-09-01", "--until", "2026-12-31", *asked)
    assert made.exit_code == 0, made.output
    assert (school.folder / "foi-2026-09-01-2026-12-31.zip").exists()


def write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_governors_report_is_written_as_pdf_and_another_word_for_a_term_refused(school: School) -> None:
    received(school)
    asked = ("--by", "head", "--reason", "they meet", "--to", str(school.folder))
    assert school.run("report", "governors", "--term", "winter", *asked).exit_code == 2
    made = school.run("report", "governors", "--term", "2026-autumn", *asked)
    assert made.exit_code == 0, made.output
    assert (school.folder / "governors-2026-autumn.pdf").read_bytes().startswith(b"%PDF")


def test_a_legal_hold_forbids_destruction_and_two_roles_are_needed(school: School) -> None:
    case_id = received(school)
    held = school.run("case", "legal-hold", case_id, "--by", "head")
    assert held.output == f"{case_id} is on legal hold.\n"
    ended = ("--authority", "retention-schedule", "--by", "head")
    refused = school.run("case", "destroy", case_id, *ended, "--approved-by", "deputy")
    assert refused.exit_code == 3
    assert "on legal hold" in refused.output
    assert school.run("case", "legal-hold", case_id, "--by", "head", "--lift").exit_code == 0
    alone = school.run("case", "destroy", case_id, *ended, "--approved-by", "head")
    assert "two people" in alone.output
    undecided = school.run("case", "destroy", case_id, *ended, "--approved-by", "deputy")
    assert "not decided" in undecided.output
    assert school.run("case", "destroy", "MG-2026-9999", *ended, "--approved-by", "deputy").exit_code == 1


def test_a_copy_of_the_trail_for_the_head_withholds_a_case_about_the_head_and_verifies_elsewhere(
    school: School,
) -> None:
    open_case = received(school)
    closed = received(school, raw=RAW + b"more", withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    for by, sees in (("head", False), ("deputy", True), ("it", True)):
        made = school.run("audit", "export", "--by", by)
        assert made.exit_code == 0, made.output
        assert (closed in made.stdout) is sees, by
        assert open_case in made.stdout
        path = school.folder / f"{by}.jsonl"
        path.write_text(made.stdout, encoding="utf-8")
        key = made.stderr.strip().removeprefix("public key: ")
        answer = verified_elsewhere("--export", str(path), "--key", key)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert ("events are withheld" in answer.stdout) is not sees
        told = verified_elsewhere("--export", str(path), "--key", key, "--json")
        assert (json.loads(told.stdout)["withheld"] > 0) is not sees


def test_a_preview_of_what_ends_by_age_prints_each_class_and_changes_nothing(school: School) -> None:
    case_id = received(school, level=Level.DIGEST, row="P9", report_when=ReportWhen.DIGEST)
    office = Office(school.state, RememberingCourier())
    office.casebook.dismiss(case_id, by="head", reason="nothing")
    office.close()
    made = school.run("retention", "preview")
    assert made.exit_code == 0, made.output
    for line in (
        "clutter      30 days",
        "dismissed    365 days",
        "confirmed    never by itself",
        "looked through: never",
    ):
        assert line in made.output
    # Its report was decided over before it went out: nothing of it is lost without a word.
    assert f"{case_id}  clutter" in made.output
    ahead = school.run("retention", "preview", "--days", "20000", "--json")
    (told,) = map(json.loads, ahead.output.splitlines())
    assert (told["case"], told["class"]) == (case_id, "clutter")
    assert school.run("retention", "preview").output == made.output
