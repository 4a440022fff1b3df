"""A reader cannot find from ids, numbers, counts, headers, page sizes or copies that a case exists which is closed to them.

Two schools with one history: in one of them there is a case about the Head, in the other there are as many blank events in
its place. What the Head gets must be the same, but for what is drawn at random everywhere.
"""

import base64
import difflib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.audit_trail import verify_export
from mailguard.app.export_making import Maker
from mailguard.app.ports_store import AuditEntry
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.words import Role
from tests.schooling import PARENT, TEACHER
from tests.web_site import URL, WebSchool, letter, make_web_school

ALLEGATION = "Alice Head hit my son in the corridor today and left a bruise on his arm."
PATHS = (
    "/queue",
    "/queue?show=all",
    "/queue?show=all&words=Alice+Head",
    "/queue?show=all&words=777777",
    "/queue/count",
    "/queue/clutter",
    "/cases/MG-2026-777777",
    "/cases/MG-2026-480317",
    "/audit",
    "/audit?case=MG-2026-777777",
    "/audit?person=P0003",
    "/audit?kind=gate%3A",
    "/audit?kind=effects%3A",
    "/audit?kind=review%3Aexport%3A",
    "/audit/exports",
    "/audit/governors?term=2026-autumn",
    "/concern/take-downs",
    "/health",
    "/model",
)
RANDOM = re.compile(
    r"audit\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+|audit&#43;[^<]+|[0-9a-f]{32,64}|(?<=value=\")[A-Za-z0-9_.=-]{40,}"
)
PICTURE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
CHART_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEADERS = ("etag", "last-modified", "content-type", "cache-control", "location")


@dataclass(frozen=True, kw_only=True)
class Worlds:
    with_case: WebSchool
    without: WebSchool


def blank(school: WebSchool, count: int) -> None:
    with school.site.store.transaction() as transaction:
        for _ in range(count):
            transaction.audit.append(AuditEntry(tag=AuditTag.BLANK, actor="daemon"))


def lived(school: WebSchool, *, closed: bool) -> None:
    """The same days in both; ``closed``: with a case about the Head, which the deputy reads, decides and hands out."""
    store = school.site.store

    def size() -> int:
        with store.reading() as transaction:
            return transaction.audit.head().size

    def instead(act: Any, count: int, *, is_signed: bool = False) -> None:
        """``is_signed``: the second of three events is a checkpoint, as ``Blanks`` signs some."""
        if closed:
            before = size()
            act()
            assert size() - before == count
        elif is_signed:
            blank(school, 1)
            school.site.trail.checkpoint()
            blank(school, 1)
        else:
            blank(school, count)

    deputy = school.client(SiteRole.DEPUTY)
    form = {"purpose": "police", "reason": "asked by telephone"}
    school.receive_from_pupil()
    school.clock.turn(minutes=10)
    found: list[str] = []
    instead(
        lambda: found.append(
            school.receive(
                letter(ALLEGATION, sender=PARENT, number=99), mail_from=PARENT, rcpt_tos=(TEACHER,)
            )
        ),
        1,
    )
    instead(lambda: deputy.get(f"/cases/{found[0]}"), 1)
    instead(lambda: deputy.get("/queue?show=all&words=Alice+Head"), 1)
    instead(lambda: school.site.casebook.confirm(found[0], by="acc-deputy", reason="seen"), 1)
    instead(lambda: deputy.submit("/audit/pack", form | {"case": found[0]}), 3, is_signed=True)
    school.clock.turn(minutes=10)
    second = school.receive_from_pupil("another one entirely")
    for _ in range(31):
        assert (
            deputy.submit("/audit/chronology", form | {"about": second, "side": "pupil"}).status_code == 200
        )
    # Later than the chronologies: of one moment they would stand in the order of their ids, which are drawn.
    school.clock.turn(minutes=1)
    instead(lambda: deputy.submit("/audit/pack", form | {"case": found[0]}), 3, is_signed=True)
    school.site.trail.checkpoint()
    school.clock.turn(minutes=10)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    with ExitStack() as stack:
        schools = []
        for numbers in ((480317, 777777, 120055), (480317, 120055)):
            drawn = iter(numbers)
            folder = tmp_path_factory.mktemp("world")
            school = stack.enter_context(
                make_web_school(
                    folder,
                    more_config=f'[review]\nurl = "{URL}"\n',
                    draw_number=lambda _digits, drawn=drawn: next(drawn),  # type: ignore[misc]
                )
            )
            lived(school, closed=len(numbers) == 3)
            schools.append(school)
        yield Worlds(with_case=schools[0], without=schools[1])


def shown(school: WebSchool, path: str, role: SiteRole = SiteRole.HEAD) -> list[str]:
    answer = school.client(role).get(path)
    headers = [f"{name}: {answer.headers.get(name, '')}" for name in HEADERS]
    return [
        str(answer.status_code),
        *headers,
        *RANDOM.sub("*", PICTURE.sub(drawing, answer.text)).split("\n"),
    ]


def drawing(found: re.Match[str]) -> str:
    """What a chart shows, without the id that each has of its own."""
    return CHART_ID.sub(b"*", base64.b64decode(found[1])).decode()


def differences(first: list[str], second: list[str]) -> list[str]:
    return list(difflib.unified_diff(first, second, n=0, lineterm=""))[:60]


@pytest.mark.parametrize("path", PATHS)
def test_the_head_gets_the_same_with_and_without_a_case_about_the_head(worlds: Worlds, path: str) -> None:
    assert "\n".join(differences(shown(worlds.with_case, path), shown(worlds.without, path))) == ""


def test_the_worlds_differ_to_whom_the_case_is_open(worlds: Worlds) -> None:
    for path in ("/queue?show=all", "/audit/exports"):
        assert shown(worlds.with_case, path, SiteRole.DEPUTY) != shown(worlds.without, path, SiteRole.DEPUTY)
    # All pages: what other tests looked at since may fill the first.
    assert whole_trail(worlds.with_case) != whole_trail(worlds.without)


def whole_trail(school: WebSchool) -> list[str]:
    """What the deputy sees of the trail, page after page."""
    client, path, pages = school.client(SiteRole.DEPUTY), "/audit", list[str]()
    while path:
        html = client.get(path).text
        pages.append(RANDOM.sub("*", html))
        (path,) = re.findall(r'rel="next" href="([^"]+)"', html) or [""]
        path = path.replace("&amp;", "&")
    return pages


def test_every_page_of_the_trail_is_full_to_the_last(worlds: Worlds) -> None:
    for school in (worlds.with_case, worlds.without):
        client, path, sizes = school.client(SiteRole.HEAD), "/audit", []
        while path:
            html = client.get(path).text
            sizes.append(html.count("as recorded</summary>"))
            (path,) = re.findall(r'rel="next" href="([^"]+)"', html) or [""]
            path = path.replace("&amp;", "&")
        assert len(sizes) > 1
        assert sizes[:-1] == [50] * (len(sizes) - 1)
    assert "\n".join(shown(worlds.with_case, "/audit/exports")).count("Chronology") >= 30


def copy_of(school: WebSchool) -> list[str]:
    """The whole trail as the Head would have it."""
    head = school.accounts[SiteRole.HEAD]
    by = Maker(actor=head.id, address=head.address, title="Head", role=Role.HEAD)
    opening = school.site.trail_reading.opening(by, shows_links=True)
    return list(school.site.trail.export(actor=by.actor, opening=opening))


def test_a_copy_of_the_trail_is_the_same_but_for_what_is_drawn(worlds: Worlds) -> None:
    copies = [copy_of(school) for school in (worlds.with_case, worlds.without)]
    counts = []
    for school, lines in zip((worlds.with_case, worlds.without), copies, strict=True):
        key = school.site.trail.verifier_key
        result = verify_export(lines, key=key, check_signature=is_genuine_signature)
        assert result.is_intact, result.problems
        counts.append((result.head.size, result.withheld))
    assert counts[0] == counts[1]
    plain = [[RANDOM.sub("*", line) for line in lines if '"checkpoint":' not in line] for lines in copies]
    assert differences(*plain) == []
