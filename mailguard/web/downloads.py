"""A file as the answer to a form: handed out once, kept nowhere on the way."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.app.export_making import MadeExport, Maker
from mailguard.web.visit import Visit


def download(made: MadeExport) -> Response:
    """``filename`` is ours and ASCII."""
    headers = {
        "Content-Disposition": f'attachment; filename="{made.filename}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(made.content, media_type=made.media_type, headers=headers)


def maker_of(visit: Visit) -> Maker:
    """The signed-in person as somebody who makes an export."""
    account = visit.account
    role = account.role.chain_role
    title = visit.site.effects.title(role) if role is not None else account.role.value
    return Maker(actor=account.id, address=account.address, title=f"{account.name}, {title}", role=role)
