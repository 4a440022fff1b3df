"""The review page for tests: a school with people, a store with real cases, a signed-in client for each role.

``make_web_school(folder)`` gives everything; ``school.client(SiteRole.HEAD)`` talks to the app without a socket,
``running_site(school)`` serves it on loopback for Chromium. Cases come through the real gate: ``school.receive(raw)``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from mailguard.adapters.passwords import Argon2Cost, Argon2Passwords
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.app.account_records import Account
from mailguard.app.gate import PolicyGate
from mailguard.app.one_time_codes import current_code, new_totp_secret
from mailguard.app.planning import ReportPlanner
from mailguard.app.ports import Receipt
from mailguard.app.sessions import BegunSession
from mailguard.app.site_settings import SiteSettings
from mailguard.config import LoadedConfig, load_config
from mailguard.daemon_settings import effects_settings, store_settings
from mailguard.domain.account import AccountState, SessionStage, SiteRole
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope
from mailguard.model_wiring import registry_of
from mailguard.web.app import make_app
from mailguard.web.cookies import Cookies
from mailguard.web.csrf import FIELD
from mailguard.web.serving import ListenSettings, ReviewServer
from mailguard.web.site import Site
from mailguard.web.wiring import make_site
from mailguard.wiring import Parts, make_parts
from tests.schooling import CHAIR, DEPUTY, FILES, HEAD, LADO, NOW, PUPIL, TEACHER
from tests.storing import counted

URL = "https://review.hill.example"
PASSWORD = "correct horse battery staple"
PEOPLE = {
    SiteRole.HEAD: ("Alice Head", HEAD),
    SiteRole.DEPUTY: ("Bob Deputy", DEPUTY),
    SiteRole.CHAIR: ("Carla Chair", CHAIR),
    SiteRole.ADMIN: ("Ida Admin", "it@hill.example"),
    SiteRole.AUDITOR: ("Ari Auditor", "auditor@council.example"),
}
# Quick, because tests sign in often; the installed site has no setting for it.
QUICK = Argon2Cost(memory_kib=64, passes=1)


@dataclass(slots=True)
class WebClock:
    """Stands still until a test turns it."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def turn(self, **span: float) -> None:
        self.at += timedelta(**span)


class SiteClient(TestClient):
    """One browser. Redirects are not followed, so tests see them."""

    def __init__(self, app: Starlette, site: Site, begun: BegunSession | None, url: str) -> None:
        super().__init__(app, base_url=url, follow_redirects=False, headers={"Origin": url})
        self.site = site
        self.begun = begun
        if begun is not None:
            name = Cookies(site.seals, is_https=site.settings.is_https).session_name
            self.cookies.set(name, begun.token)

    def submit(self, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """POST a form of a signed-in page with its token. ``files=`` for uploads."""
        assert self.begun is not None
        token = self.site.seals.csrf_token(self.begun.session.token_hash)
        return self.post(path, data={FIELD: token, **(data or {})}, **more)


@dataclass(slots=True)
class WebSchool:
    """``accounts`` by role; all have PASSWORD and a TOTP secret. ``clock`` moves by ``clock.turn(hours=1)``."""

    folder: Path
    clock: WebClock
    loaded: LoadedConfig
    parts: Parts
    opened: OpenedStore
    site: Site
    app: Starlette
    gate: PolicyGate
    accounts: dict[SiteRole, Account] = field(default_factory=dict)
    received: int = 0

    def client(self, role: SiteRole | None = None, *, url: str = URL) -> SiteClient:
        """A browser signed in as ``role``, or one that has not signed in."""
        begun = self.begin(role) if role is not None else None
        return SiteClient(self.app, self.site, begun, url)

    def begin(self, role: SiteRole) -> BegunSession:
        with self.opened.store.transaction() as transaction:
            return self.site.sessions.begin(
                transaction,
                self.accounts[role],
                stage=SessionStage.FULL,
                client="Firefox on Windows, from 192.0.2.1",
            )

    def code(self, role: SiteRole) -> str:
        """What the authenticator app of that person shows now."""
        return current_code(self.accounts[role].totp_secret, self.clock.now())

    def receive(self, raw: bytes, *, mail_from: str = PUPIL, rcpt_tos: tuple[str, ...] = (TEACHER,)) -> str:
        """Through the real gate, as the relay would; the case id. Raises AssertionError when it opens none."""
        receipt = Receipt(
            via="relay", received_at=self.clock.now(), client_ip="192.0.2.7", helo="mx.pupils.example"
        )
        judgement = self.gate.judge(raw, Envelope(mail_from=mail_from, rcpt_tos=rcpt_tos), receipt)
        assert judgement.must_record, "this message opens no case"
        return self.gate.record(judgement).case_id

    def receive_from_pupil(self, words: str = "hi sir are you around tonight", **more: Any) -> str:
        self.received += 1
        return self.receive(letter(words, number=self.received), **more)


def letter(
    words: str,
    *,
    number: int = 1,
    sender: str = PUPIL,
    to: str = TEACHER,
    subject: str = "hi",
) -> bytes:
    """A plain message; ``number`` makes it another one."""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@{sender.partition('@')[2]}>\r\n"
        f"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    ).encode()


def kudos(number: int, *, to: str = TEACHER) -> bytes:
    """A platform's notification that names nobody of the school; each ``number`` another actor, so another case."""
    actor = f"Runner{number} Longway"
    return (
        f"From: Strava <no-reply@strava.com>\r\nTo: {to}\r\nSubject: {actor} gave you kudos on Morning Run\r\n"
        f"Message-ID: <kudos-{number}@strava.com>\r\n\r\n{actor} gave you kudos on Morning Run.\r\nSee activity\r\n"
    ).encode()


def write_config(folder: Path, *, more: str = "") -> Path:
    """The settings file and lists of Hill School. ``more``: further TOML sections."""
    lists = folder / "lists"
    lists.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (lists / f"{name}.csv").write_text(text, encoding="utf-8")
    named = "\n".join(f'{name} = "lists/{name}.csv"' for name in FILES)
    contacts = {
        "head": ("Alice Head", HEAD),
        "deputy": ("Bob Deputy", DEPUTY),
        "chair": ("Carla Chair", CHAIR),
        "lado": ("Designated Officer", LADO),
    }
    roles = "\n".join(
        f'[roles.{role}]\nname = "{name}"\naddress = "{address}"'
        for role, (name, address) in contacts.items()
    )
    path = folder / "mailguard.toml"
    path.write_text(
        f"""
[school]
name = "Hill School"
domains = ["hill.example"]
pupil_domains = ["pupils.hill.example"]
personal_mail_domains = ["mail.example", "post.example"]
[lists]
{named}
{roles}
[relay]
listen = "127.0.0.1:10025"
next_hop = "127.0.0.1:10026"
[authentication]
trusted_authserv_ids = ["mx.hill.example"]
{more}
""",
        encoding="utf-8",
    )
    return path


@contextlib.contextmanager
def make_web_school(
    folder: Path,
    *,
    settings: SiteSettings | None = None,
    more_config: str = "",
    store_url: str = "",
    config: Path | None = None,
    draw_number: Callable[[int], int] | None = None,
) -> Iterator[WebSchool]:
    """Hill School with its review page, an account for each role and no case yet.

    ``config``: a settings file that is there already, in place of the one written here. ``draw_number``: of case ids;
    1, 2, 3 when not given.
    """
    clock = WebClock()
    more = more_config + (f'[store]\nurl = "{store_url}"\n' if store_url else "")
    loaded = load_config(config or write_config(folder, more=more))
    parts = make_parts(loaded, clock=clock)
    opened = open_store(
        replace(
            store_settings(loaded, folder / "state", may_make=True), draw_number=draw_number or counted()
        ),
        clock,
    )
    try:
        effects = effects_settings(
            loaded,
            mark_key=opened.store.keys.mark_key,
            clauses=parts.policy.clauses,
            platform_names=parts.recognisers.names,
        )
        site = make_site(
            parts,
            opened,
            effects=effects,
            directory=lambda: parts.lists,
            models=registry_of(loaded, folder / "state", opened.store.keys),
            settings=settings or SiteSettings(url=URL),
            listen_host="127.0.0.1",
            passwords=Argon2Passwords(QUICK),
        )
        gate = PolicyGate(
            inspector=parts.inspector(),
            casebook=site.casebook,
            store=opened.store,
            plan_effects=ReportPlanner(effects),
            clock=clock,
            mode=Mode.ENFORCE,
            on_recorded=lambda: None,
            on_alarm=_fail,
        )
        school = WebSchool(
            folder=folder,
            clock=clock,
            loaded=loaded,
            parts=parts,
            opened=opened,
            site=site,
            app=make_app(site),
            gate=gate,
        )
        _add_people(school)
        yield school
    finally:
        opened.store.close()


@contextlib.contextmanager
def running_site(school: WebSchool, *, port: int = 0) -> Iterator[str]:
    """The site on a loopback port; its address, such as http://127.0.0.1:43211.

    Make the school with ``settings=SiteSettings()``: over plain HTTP a browser keeps no Secure cookie.
    """
    server = ReviewServer(school.app, ListenSettings(host="127.0.0.1", port=port))
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def _fail(event: str, subject: str) -> None:
    raise AssertionError(f"alarm {event}: {subject}")


def _add_people(school: WebSchool) -> None:
    password_hash = school.site.passwords.hash(PASSWORD)
    now = school.clock.now()
    with school.opened.store.transaction() as transaction:
        for role, (name, address) in PEOPLE.items():
            account = Account(
                id=f"acc-{role.value}",
                role=role,
                state=AccountState.ACTIVE,
                name=name,
                address=address,
                created_at=now,
                updated_at=now,
                created_by="console",
                password_hash=password_hash,
                totp_secret=new_totp_secret(),
                password_set_at=now,
            )
            assert transaction.accounts.add(account)
            school.accounts[role] = account
