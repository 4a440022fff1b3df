"""Which screens are shown, to whom, and what is done there before the picture is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import Page

from mailguard.app.one_time_codes import current_code
from mailguard.domain.account import SiteRole
from tests.screens.term import Term

Act = Callable[[Page, Term], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """``path`` may name a golden case as {case:NAME}. ``role`` None: nobody is signed in.

    ``says``: below the picture in docs/explanation/screens.md. ``is_last``: what is done for it would show in the others.
    """

    name: str
    path: str
    role: SiteRole | None
    says: str
    act: Act | None = None
    is_dark: bool = False
    is_last: bool = False


def _import_pupils(page: Page, term: Term) -> None:
    """A new pupil, a changed one, and one who has left."""
    path = term.school.folder / "school" / "lists" / "pupils.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[2] = lines[2].replace(",9,", ",10,")
    changed = [*lines[:-1], "P90,Nia Penrose,7,27npenrose@pupils.hill.example,"]
    page.locator("input[type=file]").set_input_files(
        {"name": "pupils.csv", "mimeType": "text/csv", "buffer": "\n".join([*changed, ""]).encode()}
    )
    page.locator("main form button").first.click()
    page.wait_for_load_state()


def _sign_in_first(page: Page, term: Term, *, steps: int) -> None:
    """A newcomer's first sign-in, after so many of its steps; each picture has a newcomer of its own."""
    number = len(term.school.site.account_book.all())
    issued = term.school.site.account_book.create(
        name="Nia Newcomer", address=f"nia{number}@council.example", role=SiteRole.AUDITOR, by=None
    )
    page.get_by_label("Your school e-mail address").fill(issued.account.address)
    page.get_by_label("Password").fill(issued.one_time_password)
    page.get_by_role("button", name="Sign in").click()
    if steps > 0:
        for label in ("New password", "The same once more"):
            page.get_by_label(label).fill("seven ducks under lamps")
        page.get_by_role("button", name="Go on").click()
    if steps > 1:
        key = page.locator("p.code").inner_text().replace(" ", "")
        page.get_by_label("Code from the app").fill(current_code(key, term.school.clock.now()))
        page.get_by_role("button", name="Go on").click()
    page.wait_for_load_state()


_NOBODY, _HEAD, _ADMIN = None, SiteRole.HEAD, SiteRole.ADMIN
_ACTS: Mapping[str, Act] = {
    "first-password": partial(_sign_in_first, steps=0),
    "first-phone": partial(_sign_in_first, steps=1),
    "first-codes": partial(_sign_in_first, steps=2),
    "lists-import": _import_pupils,
}
# Name of the picture, path, who is signed in, what it shows.
_TABLE: tuple[tuple[str, str, SiteRole | None, str], ...] = (
    ("sign-in", "/sign-in", _NOBODY, "Signing in: password, then the code of the phone."),
    ("first-password", "/sign-in", _NOBODY, "The first sign-in, with a one-time password: choose your own."),
    ("first-phone", "/sign-in", _NOBODY, "Then the phone: an authenticator app reads the QR code."),
    ("first-codes", "/sign-in", _NOBODY, "Then the recovery codes, for the day on which the phone is lost."),
    ("queue", "/queue", _HEAD, "The queue: reports first, then what is held, oldest first."),
    ("queue-dark", "/queue", _HEAD, "The same in the dark."),
    ("queue-admin", "/queue", _ADMIN, "What IT sees of it: ids, states and counts."),
    (
        "case-report",
        "/cases/{case:d2-homework}",
        _HEAD,
        "A case: what happened, why we think so, who was told, the message, and what you can do.",
    ),
    (
        "case-decide",
        "/cases/{case:d6-whatsapp-group}/decide/release",
        _HEAD,
        "Before a decision: exactly what will happen, and who gets what.",
    ),
    ("case-decided", "/cases/{case:d6-personal}", _HEAD, "A decided case with its chronology."),
    ("case-sealed", "/cases/{case:d1-only-a-picture}", _HEAD, "Pictures of a child's message stay sealed."),
    ("clutter", "/queue/clutter", _HEAD, "Platform mail of no person, dismissed together."),
    ("concern", "/concern", _HEAD, "Reporting a concern that did not come by mail."),
    (
        "take-down",
        "/cases/{case:p7-surname-slip}/take-down",
        _HEAD,
        "Asking a platform to take something down.",
    ),
    ("lists", "/lists", _ADMIN, "People and lists."),
    ("lists-pupils", "/lists/pupils", _ADMIN, "One list: look up, add, change."),
    (
        "lists-import",
        "/lists/pupils/import",
        _ADMIN,
        "An import shows its difference before anything is applied.",
    ),
    ("model", "/model", _HEAD, "Model and policy: what it is, how good, and where reviewers disagreed."),
    ("policy", "/model/policy", _HEAD, "The decision table with its clauses."),
    (
        "sample",
        "/sample",
        _HEAD,
        "Samples of delivered mail: what the program did not understand, and the few of the week.",
    ),
    ("audit", "/audit", _HEAD, "Audit and evidence: what was done, by whom, and whether the trail is whole."),
    (
        "exports",
        "/audit/exports",
        _HEAD,
        "What can be taken out: evidence, chronologies, access requests, the governors' report.",
    ),
    ("evidence-pack", "/audit/pack?case={case:d3-mums-phone}", _HEAD, "An evidence pack of a case."),
    ("governors", "/audit/governors", _HEAD, "The governors' termly report: numbers, and no names."),
    ("health", "/health", _ADMIN, "Health: doctor's rows and how quickly reports are acknowledged."),
    ("account", "/account", _HEAD, "Your own account: password, phone, recovery codes, browsers."),
    ("accounts", "/accounts", _ADMIN, "Who may sign in."),
    ("rota", "/rota", _HEAD, "Absences: who stands in for whom, and when."),
    ("glass", "/glass", _HEAD, "Breaking the glass takes a reason and a second person."),
    (
        "accounts-new",
        "/accounts/new",
        _ADMIN,
        "Inviting somebody: reading accounts take a second member of the chain.",
    ),
    ("not-found", "/cases/MG-2026-9999", _HEAD, "What is not there, or not yours to see, looks the same."),
)
SHOTS = tuple(
    Shot(
        name=name,
        path=path,
        role=role,
        says=says,
        act=_ACTS.get(name),
        is_dark=name.endswith("-dark"),
        is_last=name.startswith("first-"),
    )
    for name, path, role, says in _TABLE
)
