"""Every page of the site: a module of this package has its routes, and a line here."""

from __future__ import annotations

from mailguard.web.pages import (
    account,
    accounts,
    audit,
    case,
    concern,
    confirm,
    enrol,
    exports,
    glass,
    health,
    label,
    lists,
    model,
    passkey,
    queue,
    rota,
    sign_in,
    start,
    subject_access,
    take_down,
)
from mailguard.web.routing import PageRoute

PAGES: tuple[PageRoute, ...] = (
    *start.routes,
    *sign_in.routes,
    *confirm.routes,
    *enrol.routes,
    *account.routes,
    *passkey.routes,
    *accounts.routes,
    *rota.routes,
    *glass.routes,
    *concern.routes,
    *health.routes,
    *label.routes,
    *take_down.routes,
    *lists.routes,
    *model.routes,
    *queue.routes,
    *case.routes,
    *audit.routes,
    *exports.routes,
    *subject_access.routes,
)
