"""Every route, for everybody: whoever the matrix does not name is turned away, and GET changes nothing."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from mailguard.adapters.store.columns import metadata
from mailguard.domain.account import EVERY_ROLE, SessionStage, SiteRole
from mailguard.web.access import ENROLLING, ROUTES, AccessProblem, access_of, check_matrix
from mailguard.web.app import make_app
from mailguard.web.csrf import FIELD
from mailguard.web.pages import PAGES
from mailguard.web.routing import Method, PageRoute, get
from tests.web_site import URL, SiteClient, WebSchool, make_web_school

POSTS = [page for page in PAGES if page.method is Method.POST]
GETS = [page for page in PAGES if page.method is Method.GET]
MAY_SAY_SEEN = (":viewed", ":searched", ":opened", ":exported", ":downloaded")
"""Audit events that a GET may write: that somebody has seen content is evidence."""
SEEN_TABLES = {"audit_events", "audit_heads", "case_views", "queue_views", "seen_cases", "case_seen"}
"""Where a view is recorded; rows may be added there, and nowhere else."""


PUBLIC = {
    "static",
    "sign-in",
    "sign-in.do",
    "sign-in.passkey",
    "concern-ask",
    "concern-ask.do",
    "concern-asked",
    "concern-link",
    "concern-link.do",
}
"""What whoever has not signed in may open: each of them on purpose."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("access")) as made:
        made.receive_from_pupil("hello sir")
        yield made


@pytest.fixture(scope="module")
def browsers(school: WebSchool) -> dict[SiteRole, SiteClient]:
    """One for each role. No test here signs one out: forms come without their token."""
    return {role: school.client(role) for role in SiteRole}


@pytest.fixture(scope="module")
def enrolling(school: WebSchool) -> SiteClient:
    """A browser in the steps of the first sign-in."""
    with school.opened.store.transaction() as transaction:
        begun = school.site.sessions.begin(
            transaction, school.accounts[SiteRole.HEAD], stage=SessionStage.ENROLLING, client="a test"
        )
    return SiteClient(school.app, school.site, begun, URL)


def path_of(page: PageRoute) -> str:
    """The route's path with ids of things that exist where we know them, and of nothing elsewhere."""
    known = {"case_id": "MG-2026-0001", "account_id": "acc-deputy"}
    path = page.path
    while "{" in path:
        name = path.split("{")[1].split("}")[0]
        path = path.replace("{" + name + "}", known.get(name.partition(":")[0], "1"))
    return path


def someone_with(page: PageRoute, browsers: dict[SiteRole, SiteClient]) -> SiteClient:
    """Somebody who may use the route."""
    roles = access_of(page.name).roles
    return browsers[SiteRole.HEAD if SiteRole.HEAD in roles or not roles else sorted(roles)[0]]


def test_only_these_pages_open_without_signing_in():
    assert {name for name, access in ROUTES.items() if access.is_public} == PUBLIC


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everybody_whom_the_matrix_does_not_name_is_turned_away(
    school: WebSchool, browsers: dict[SiteRole, SiteClient], enrolling: SiteClient, page: PageRoute
):
    access = access_of(page.name)
    if access.is_public:
        return
    for role in EVERY_ROLE - access.roles:
        assert ask(browsers[role], page).status_code == 403, role
    nobody = ask(SiteClient(school.app, school.site, None, URL), page)
    assert nobody.status_code == 303
    assert nobody.headers["location"].startswith("/sign-in")
    if not access.is_enrolling:
        assert ask(enrolling, page).headers["location"] == "/first-sign-in"


@pytest.mark.parametrize(
    "page", [page for page in GETS if not access_of(page.name).is_enrolling], ids=lambda page: page.name
)
def test_a_page_opens_for_whom_the_matrix_names_and_changes_nothing_but_the_record_of_what_was_seen(
    school: WebSchool, browsers: dict[SiteRole, SiteClient], page: PageRoute
):
    before = contents(school)
    for role in access_of(page.name).roles:
        assert browsers[role].get(path_of(page)).status_code in {200, 303, 404}, role
    after = contents(school)
    for table, rows in after.items():
        if table not in SEEN_TABLES:
            assert rows == before[table], table
    new_tags = tags(after)[len(tags(before)) :]
    assert all(tag.endswith(MAY_SAY_SEEN) for tag in new_tags), new_tags


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.name)
def test_a_form_without_its_token_or_from_another_site_changes_nothing(
    school: WebSchool, browsers: dict[SiteRole, SiteClient], enrolling: SiteClient, page: PageRoute
):
    client = enrolling if access_of(page.name) is ENROLLING else someone_with(page, browsers)
    before = contents(school)
    assert client.post(path_of(page), data={FIELD: "0" * 64}).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.submit(path_of(page), headers=headers).status_code == 403, headers
    assert contents(school) == before


def ask(client: SiteClient, page: PageRoute):
    return client.get(path_of(page)) if page.method is Method.GET else client.post(path_of(page))


def contents(school: WebSchool) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, the oldest audit event first."""
    with school.opened.store._engines.reading.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for name, table in metadata.tables.items()
        }


def tags(rows: dict[str, list[tuple[object, ...]]]) -> list[str]:
    column = list(metadata.tables["audit_events"].columns.keys()).index("tag")
    return [str(row[column]) for row in rows["audit_events"]]


def test_a_route_without_a_row_keeps_the_site_from_starting(school: WebSchool):
    stray = get("stray", "/stray", lambda visit: visit.page("error.html"))
    with pytest.raises(AccessProblem, match="'stray' has no row"):
        make_app(school.site, [*PAGES, stray])


def test_a_row_without_a_route_keeps_the_site_from_starting(school: WebSchool):
    with pytest.raises(AccessProblem, match="'start', which is no route"):
        make_app(school.site, [page for page in PAGES if page.name != "start"])


def test_the_admin_and_the_auditor_are_on_no_row_that_opens_a_case():
    for name in ROUTES:
        if name == "case" or name.startswith("case."):
            assert not ROUTES[name].roles & {SiteRole.ADMIN, SiteRole.AUDITOR}, name


def test_two_routes_of_one_name_keep_the_site_from_starting():
    with pytest.raises(AccessProblem, match="two routes"):
        check_matrix([*ROUTES, "start"])
