"""The access matrix: who may use which route. Denied unless a row says otherwise.

Every route has a row and every row a route, or the site does not start. What a page shows of a case is a further
question, answered for each case by ``app.readers.Readers``: this table only says whose page it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mailguard.domain.account import EVERY_ROLE, READING_ROLES, SiteRole


class AccessProblem(Exception):
    """The matrix and the routes do not fit: a mistake of ours that must not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """``is_public``: without signing in, too. ``is_enrolling``: in the steps of the first sign-in, and only then.

    ``is_fresh``: only soon after the person proved who they are; else they are asked again.
    """

    roles: frozenset[SiteRole] = frozenset()
    is_public: bool = False
    is_enrolling: bool = False
    is_fresh: bool = False


PUBLIC = Access(roles=EVERY_ROLE, is_public=True)
ENROLLING = Access(is_enrolling=True)
EVERYBODY = Access(roles=EVERY_ROLE)
EVERYBODY_FRESH = Access(roles=EVERY_ROLE, is_fresh=True)
READERS = Access(roles=READING_ROLES)
READERS_FRESH = Access(roles=READING_ROLES, is_fresh=True)
READERS_AND_ADMIN = Access(roles=READING_ROLES | {SiteRole.ADMIN})
READERS_AND_ADMIN_FRESH = Access(roles=READING_ROLES | {SiteRole.ADMIN}, is_fresh=True)
READERS_AND_AUDITOR = Access(roles=READING_ROLES | {SiteRole.AUDITOR})
AUDITOR = Access(roles=frozenset({SiteRole.AUDITOR}))

# The Chair of Governors looks at the lists; those who run the school keep them.
_KEEPERS = frozenset({SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.ADMIN})
LIST_KEEPERS = Access(roles=_KEEPERS)
LIST_KEEPERS_FRESH = Access(roles=_KEEPERS, is_fresh=True)

ROUTES: Mapping[str, Access] = {
    "start": EVERYBODY,
    "static": PUBLIC,
    "sign-in": PUBLIC,
    "sign-in.do": PUBLIC,
    "sign-in.passkey": PUBLIC,
    "sign-out": Access(roles=EVERY_ROLE, is_enrolling=True),
    "confirm": EVERYBODY,
    "confirm.do": EVERYBODY,
    "confirm.passkey": EVERYBODY,
    "enrol": ENROLLING,
    "enrol.password": ENROLLING,
    "enrol.phone": ENROLLING,
    "enrol.codes": ENROLLING,
    "account": EVERYBODY,
    "account.password": EVERYBODY_FRESH,
    "account.password.do": EVERYBODY_FRESH,
    "account.phone": EVERYBODY_FRESH,
    "account.phone.begin": EVERYBODY_FRESH,
    "account.phone.prove": EVERYBODY_FRESH,
    "account.codes": EVERYBODY_FRESH,
    "account.passkeys": EVERYBODY_FRESH,
    "account.passkeys.add": EVERYBODY_FRESH,
    "account.passkeys.remove": EVERYBODY_FRESH,
    "account.session.end": EVERYBODY,
    "account.sessions.end": EVERYBODY,
    "account.rota": READERS_AND_ADMIN,
    "account.rota.add": READERS_FRESH,
    "account.rota.withdraw": READERS_FRESH,
    "account.glass": READERS_AND_ADMIN,
    "account.glass.ask": Access(roles=frozenset({SiteRole.ADMIN}), is_fresh=True),
    "account.glass.approve": READERS_FRESH,
    "account.glass.end": READERS,
    "account.glass.look": Access(roles=frozenset({SiteRole.ADMIN}), is_fresh=True),
    "account.people": READERS_AND_ADMIN,
    "account.people.new": READERS_AND_ADMIN_FRESH,
    "account.people.create": READERS_AND_ADMIN_FRESH,
    "account.people.reset": READERS_AND_ADMIN_FRESH,
    "account.people.disable": READERS_AND_ADMIN_FRESH,
    "account.invitation.approve": READERS_FRESH,
    "account.invitation.withdraw": READERS_AND_ADMIN,
    "model": EVERYBODY,
    "model.policy": EVERYBODY,
    "lists": READERS_AND_ADMIN,
    "lists.list": READERS_AND_ADMIN,
    "lists.row": LIST_KEEPERS,
    "lists.row.do": LIST_KEEPERS,
    "lists.row.remove": LIST_KEEPERS,
    "lists.import": LIST_KEEPERS,
    "lists.import.do": LIST_KEEPERS,
    "lists.export": READERS_AND_ADMIN_FRESH,
    "lists.history": READERS_AND_ADMIN,
    "lists.restore": LIST_KEEPERS,
    "lists.draft": LIST_KEEPERS_FRESH,
    "lists.draft.apply": LIST_KEEPERS_FRESH,
    "lists.draft.drop": LIST_KEEPERS,
    "lists.draft.file": LIST_KEEPERS_FRESH,
    # The Chair sees there what the program did not understand and is closed to Head and deputy, and nothing else.
    "label": READERS,
    "label.one": READERS,
    "label.open": READERS,
    "label.words": READERS,
    "label.do": READERS,
    "label.skip": READERS,
    "label.given": READERS,
    "label.withdraw": READERS,
    "queue": READERS_AND_ADMIN,
    "queue.count": READERS_AND_ADMIN,
    "queue.clutter": READERS,
    "queue.clutter.do": READERS,
    "queue.clutter.undo": READERS,
    "case": READERS,
    "case.acknowledge": READERS,
    "case.decide": READERS,
    "case.decide.do": READERS,
    "case.undo": READERS,
    "case.teach": READERS,
    "case.unteach": READERS,
    "case.formatted": READERS,
    "case.file": READERS_FRESH,
    "case.file.open": READERS_FRESH,
    "health": READERS_AND_ADMIN,
    "audit": EVERYBODY,
    "audit.verify": EVERYBODY,
    "audit.trail": AUDITOR,
    "audit.exports": READERS,
    "audit.pack": READERS,
    "audit.pack.do": READERS,
    "audit.pack.whole": READERS_FRESH,
    "audit.pack.whole.do": READERS_FRESH,
    "audit.chronology": READERS,
    "audit.chronology.do": READERS,
    "audit.person": READERS,
    "audit.person.begin": READERS,
    "audit.person.items": READERS,
    "audit.person.words": READERS,
    "audit.person.do": READERS,
    "audit.foi": READERS,
    "audit.foi.do": READERS,
    "audit.governors": READERS,
    "audit.governors.do": READERS,
    "concern": EVERYBODY,
    "concern.do": EVERYBODY,
    "concern.recorded": EVERYBODY,
    "concern.take-downs": READERS,
    "concern.take-down.new": READERS,
    "concern.take-down.write": READERS,
    "concern.take-down": READERS,
    "concern.take-down.note": READERS,
    "concern.take-down.pdf": READERS,
    "concern.take-down.text": READERS,
    "concern-ask": PUBLIC,
    "concern-ask.do": PUBLIC,
    "concern-asked": PUBLIC,
    "concern-link": PUBLIC,
    "concern-link.do": PUBLIC,
}


def access_of(name: str) -> Access:
    """Raises AccessProblem for a name without a row."""
    try:
        return ROUTES[name]
    except KeyError:
        raise AccessProblem(f"route {name!r} has no row in mailguard/web/access.py") from None


def check_matrix(names: Collection[str]) -> None:
    """Raises AccessProblem unless routes and rows are the same, each once."""
    without = sorted(set(names) - set(ROUTES))
    unused = sorted(set(ROUTES) - set(names))
    twice = sorted({name for name in names if list(names).count(name) > 1})
    problems = [
        *(f"route {name!r} has no row in the access matrix" for name in without),
        *(f"the access matrix has a row for {name!r}, which is no route" for name in unused),
        *(f"two routes are named {name!r}" for name in twice),
    ]
    if problems:
        raise AccessProblem("; ".join(problems))
