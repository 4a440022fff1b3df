"""The way through the site: what stands at the top of every page, and for whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mailguard.domain.account import SiteRole
from mailguard.web.access import ROUTES


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """``route`` is the page it leads to; a page whose route name begins with it stands under it."""

    route: str
    words: str


_ITEMS = (
    NavigationItem("queue", "Queue"),
    NavigationItem("concern", "Report a concern"),
    NavigationItem("lists", "People and lists"),
    NavigationItem("model", "Model and policy"),
    NavigationItem("label", "Samples"),
    NavigationItem("audit", "Audit and evidence"),
    NavigationItem("health", "Health"),
    NavigationItem("account", "Account"),
)


def navigation(role: SiteRole, *, names: Collection[str]) -> tuple[NavigationItem, ...]:
    """The items that this role may open, of the pages that the site has."""
    return tuple(item for item in _ITEMS if item.route in names and role in ROUTES[item.route].roles)
