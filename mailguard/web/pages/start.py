"""The bare address: to the first page that the person may open."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.web.navigation import navigation
from mailguard.web.routing import get
from mailguard.web.visit import Visit


def start(visit: Visit) -> Response:
    items = navigation(visit.account.role, names=visit.rendering.names)
    routes_open = [item.route for item in items]
    # Who has no queue is here for the trail.
    return visit.to(next((each for each in ("queue", "audit") if each in routes_open), routes_open[0]))


routes = (get("start", "/", start),)
