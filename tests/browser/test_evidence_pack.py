"""An evidence pack taken out with a real Chromium and proved elsewhere: no settings, no store, no mailguard."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mailguard.app.export_making import Maker
from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from tests.browser.axe import assert_accessible, assert_fits, open_as
from tests.schooling import PUPIL
from tests.web_site import WebSchool, make_web_school, running_site

WORDS = "hi sir are you around tonight"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("evidence"), settings=SiteSettings()) as made:
        made.receive_from_pupil(WORDS)
        yield made


@pytest.fixture(scope="module")
def address(school: WebSchool) -> Iterator[str]:
    with running_site(school) as url:
        yield url


def elsewhere(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(words), capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]}
    )


def test_a_pack_downloaded_from_the_case_is_proved_in_clean_processes(
    browser: Browser, school: WebSchool, address: str, tmp_path: Path
) -> None:
    page = open_as(
        browser, school, address, SiteRole.HEAD, viewport={"width": 360, "height": 800}, accept_downloads=True
    )
    page.goto(f"{address}/cases/MG-2026-0001")
    page.get_by_role("link", name="Evidence pack").click()
    assert page.get_by_label("Case number").input_value() == "MG-2026-0001"
    page.get_by_label("What is it for?").select_option("police")
    page.get_by_label("Why, and for whom?").fill("asked by PC 4711")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Make the pack and download it").click()
    path = tmp_path / "pack.zip"
    downloading.value.save_as(path)
    assert downloading.value.suggested_filename == "MG-2026-0001.zip"
    key = str(school.site.trail.verifier_key)

    # The command, in a process with neither settings nor store.
    verify = (sys.executable, "-m", "mailguard", "audit", "verify", "--config", "/nowhere", "--key", key)
    answer = elsewhere(*verify, "--pack", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr

    # The program in the pack, with Python alone.
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    program = (sys.executable, "-I", "-S", "-B", str(folder / "verify.py"), "--key", key)
    answer = elsewhere(*program)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert WORDS in (folder / "messages" / "1.txt").read_text(encoding="utf-8")

    # As the page in the pack says it, word for word.
    page_inside = (folder / "VERIFY.txt").read_text(encoding="utf-8")
    commands = [line.strip() for line in page_inside.splitlines() if " --key " in line]
    assert [command.split(" ")[0] for command in commands] == ["python3", "mailguard"]
    path.rename(tmp_path / "MG-2026-0001.zip")
    for command in commands:
        where = folder if command.startswith("python3") else tmp_path
        answer = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=where,
            env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert answer.returncode == 0, command + answer.stdout + answer.stderr
    path = tmp_path / "MG-2026-0001.zip"

    # One letter changed is named by both.
    eml = folder / "messages" / "1.eml"
    eml.write_bytes(eml.read_bytes().replace(b"tonight", b"toNight"))
    answer = elsewhere(*program)
    assert answer.returncode == 3
    assert "messages/1.eml was altered" in answer.stdout
    path.write_bytes(path.read_bytes().replace(b"tonight", b"toNight"))
    answer = elsewhere(*verify, "--pack", str(path))
    assert answer.returncode == 3
    assert "messages/1.eml" in answer.stdout


def test_every_page_of_the_screen_is_accessible_fits_a_phone_and_is_not_blocked_by_the_policy(
    browser: Browser, school: WebSchool, address: str
) -> None:
    page = open_as(browser, school, address, SiteRole.HEAD)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    maker = Maker(actor="acc-head", address=school.accounts[SiteRole.HEAD].address, title="Alice Head")
    draft = school.site.exports.subject_access.begin(PUPIL, by=maker, reason="letter of 3 May")
    for path in (
        "/audit",
        "/audit?case=MG-2026-0001",
        "/audit?person=nobody",
        "/audit/exports",
        "/audit/pack?case=MG-2026-0001",
        "/audit/pack/MG-2026-0001/whole",
        "/audit/chronology",
        "/audit/person",
        f"/audit/person/{draft.id}",
        "/audit/foi",
        "/audit/governors",
    ):
        page.goto(address + path)
        assert_accessible(page)
        assert_fits(page)
    assert said == []
    page.goto(f"{address}/audit")
    page.get_by_role("button", name="Verify now").click()
    assert page.get_by_text("The trail is intact.").is_visible()
    assert_accessible(page)
