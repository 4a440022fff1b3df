"""Passkeys: set one up, remove it, sign in with it, and prove with it who is there."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from mailguard.app.account_records import Session
from mailguard.app.passkeys import Challenge
from mailguard.domain.audit import time_from_text, time_text
from mailguard.web.rendering import local_path
from mailguard.web.routing import get, post
from mailguard.web.visit import NotAllowed, NotHere, Visit

_KEPT = timedelta(minutes=10)
_KIND = "passkey"
_NOT_RIGHT = "That passkey opens no account here. Sign in with your password and code."


@dataclass(frozen=True, slots=True)
class Offer:
    """What the form holds for the browser: ``options`` JSON, and ``challenge`` with our signature."""

    options: str
    challenge: str


def sign_in_offer(visit: Visit) -> Offer | None:
    """For the sign-in page and the one that asks again; None where there are no passkeys."""
    if not visit.site.passkeys.is_available:
        return None
    challenge = secrets.token_bytes(32)
    return Offer(options=visit.site.passkeys.request_options(challenge), challenge=_sealed(visit, challenge))


def show(visit: Visit) -> Response:
    passkeys = visit.site.passkeys
    offer = None
    if passkeys.is_available:
        challenge = secrets.token_bytes(32)
        options = passkeys.creation_options(visit.account, challenge)
        offer = Offer(options=options, challenge=_sealed(visit, challenge))
    kept = [(passkey, passkey.credential_id.hex()) for passkey in passkeys.of(visit.account)]
    return visit.page("account_passkeys.html", offer=offer, passkeys=kept)


def add(visit: Visit) -> Response:
    problem = visit.site.passkeys.add(
        _session(visit),
        visit.account,
        visit.form.raw("answer"),
        _challenge(visit),
        name=visit.form.text("name"),
    )
    flash = problem or "The passkey is set up. Next time, sign in with it."
    return visit.to("account.passkeys", flash=flash, is_problem=bool(problem))


def remove(visit: Visit) -> Response:
    try:
        credential_id = bytes.fromhex(visit.form.text("passkey"))
    except ValueError:
        raise NotHere from None
    if not visit.site.passkeys.remove(visit.account, credential_id):
        raise NotHere
    return visit.to("account.passkeys", flash="The passkey opens nothing any more.")


def sign_in(visit: Visit) -> Response:
    welcome = visit.site.passkeys.sign_in(
        visit.form.raw("answer"), _challenge(visit), client=visit.client_words
    )
    if welcome is None:
        return visit.to("sign-in", flash=_NOT_RIGHT, is_problem=True)
    response = visit.to_path(local_path(visit.form.text("next")) or visit.url("start"))
    visit.cookies.set_token(response, welcome.begun.token)
    visit.cookies.know_browser(visit.request, response, welcome.account.id)
    return response


def confirm(visit: Visit) -> Response:
    back = local_path(visit.form.text("next"))
    if not visit.site.passkeys.confirm(
        _session(visit), visit.account, visit.form.raw("answer"), _challenge(visit)
    ):
        return visit.to("confirm", flash=_NOT_RIGHT, is_problem=True, query={"next": back} if back else None)
    return visit.to_path(back or visit.url("start"))


def _sealed(visit: Visit, challenge: bytes) -> str:
    """Good for this session or visitor, and for some minutes."""
    value = [base64.b64encode(challenge).decode(), visit.csrf_token, time_text(visit.now)]
    return visit.site.seals.wrap(_KIND, value)


def _challenge(visit: Visit) -> Challenge:
    """Raises NotAllowed for one that is not ours, another's, or old. Whether it was used before, the store knows."""
    value = visit.site.seals.unwrap(_KIND, visit.form.raw("challenge"))
    if isinstance(value, list) and len(value) == 3 and value[1] == visit.csrf_token:
        made_at = time_from_text(str(value[2]))
        if made_at <= visit.now < made_at + _KEPT:
            return Challenge(base64.b64decode(str(value[0])), expires_at=made_at + _KEPT)
    raise NotAllowed("This page was open for too long. Go back, load it again, and try once more.")


def _session(visit: Visit) -> Session:
    if visit.session is None:
        raise NotAllowed("Please sign in first.")
    return visit.session


routes = (
    get("account.passkeys", "/account/passkeys", show),
    post("account.passkeys.add", "/account/passkeys", add),
    post("account.passkeys.remove", "/account/passkeys/remove", remove),
    post("sign-in.passkey", "/sign-in/passkey", sign_in),
    post("confirm.passkey", "/confirm/passkey", confirm),
)
