"""Records to sealed JSON and back: what is said about people never stands in a column in clear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mailguard.adapters.keys import SchoolKeys, WrongKey
from mailguard.app.ports import ImapLocation, PermanentFailure, Receipt, Versions
from mailguard.app.ports_store import DecisionRecord
from mailguard.domain.audit import time_from_text
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict


class Sealer:
    """Seals JSON for one row of one school. A sealed value opens only in the row it was made for."""

    def __init__(self, keys: SchoolKeys, school: str) -> None:
        self._keys = keys
        self._school = school

    def seal(self, value: Any, *, table: str, row: str) -> bytes:
        # Headers may hold lone surrogates, which JSON escapes keep and UTF-8 would refuse.
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
        return self._keys.seal(text.encode("ascii"), place=f"{self._school}/{table}/{row}")

    def open(self, sealed: bytes, *, table: str, row: str) -> Any:
        """Raises PermanentFailure when the value was altered or moved."""
        try:
            return json.loads(self._keys.open(bytes(sealed), place=f"{self._school}/{table}/{row}"))
        except WrongKey:
            raise PermanentFailure(f"store: row {row} of {table} was altered; it does not open") from None

    def blind(self, kind: str, text: str) -> str:
        return self._keys.blind(kind, text)

    def blind_address(self, address: str) -> str:
        """Letter case and blanks around it do not matter."""
        return self._keys.blind("address", address.strip().casefold())


def decision_from_json(fields: Mapping[str, Any]) -> DecisionRecord:
    return DecisionRecord(
        verdict=Verdict(fields["verdict"]),
        row=fields["row"],
        clause=fields["clause"],
        level=Level(fields["level"]),
        disposition=Disposition(fields["disposition"]),
        report_when=ReportWhen(fields["report_when"]),
        report_roles=tuple(Role(role) for role in fields["report_roles"]),
        withheld_roles=tuple(Role(role) for role in fields["withheld_roles"]),
        subjects=tuple(fields["subjects"]),
        direction=fields["direction"],
        initiator=fields["initiator"],
        nature=fields["nature"],
        platform=fields["platform"],
        persons=tuple(fields["persons"]),
        signals=tuple(fields["signals"]),
        scores=fields["scores"],
        versions=Versions(**fields["versions"]),
        further=fields["further"],
    )


def receipt_from_json(fields: Mapping[str, Any]) -> Receipt:
    imap = fields["imap"]
    location = None
    if imap is not None:
        date_text = imap["internal_date"]
        location = ImapLocation(
            account=imap["account"],
            folder=imap["folder"],
            uidvalidity=imap["uidvalidity"],
            uid=imap["uid"],
            internal_date=None if date_text is None else time_from_text(date_text),
            flags=tuple(imap["flags"]),
        )
    plain_fields = {name: fields[name] for name in fields if name not in {"received_at", "imap"}}
    return Receipt(received_at=time_from_text(fields["received_at"]), imap=location, **plain_fields)
