"""``mailguard export``: what leaves mailguard for the police, the safeguarding system, a person or the public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.chronology_export import Side
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.evidence_material import PackForm
from mailguard.app.export_making import MadeExport, Maker, ReasonMissing
from mailguard.app.export_records import ExportPurpose
from mailguard.app.lists import load_lists
from mailguard.app.person_cases import UnknownPerson
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import FAILED, config_option, state_option, stop
from mailguard.config import ConfigProblem
from mailguard.daemon_settings import effects_settings
from mailguard.domain.case import CASE_ID
from mailguard.domain.words import Role
from mailguard.exports import Exports, make_exports
from mailguard.reading.message import read
from mailguard.wiring import list_files, load_policy, load_recognisers, school_of, surroundings

MAKERS = (Role.HEAD, Role.DEPUTY, Role.CHAIR)

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group("export")
def command() -> None:
    """Files to hand out. Each is on the record with who, why and its hash; a case is closed to whom it is about."""


def maker_options(given: Command) -> Command:
    """Who makes the export and why."""
    for option in (
        click.option(
            "--to",
            "target",
            type=click.Path(path_type=Path),
            help="File or folder to write to; the working folder when not given.",
        ),
        click.option("--reason", required=True, help="Why, in words; kept encrypted with the export."),
        click.option(
            "--by",
            "role_word",
            required=True,
            type=click.Choice([role.value for role in MAKERS]),
            help="Who makes it: on the record. Cases about them are left out.",
        ),
    ):
        given = option(given)
    return given


def purpose_option(given: Command) -> Command:
    return click.option(
        "--purpose",
        "purpose_word",
        required=True,
        type=click.Choice([purpose.value for purpose in ExportPurpose]),
        help="What for: on the record.",
    )(given)


@command.command(
    "case",
    epilog="""Examples:

    mailguard export case MG-2026-0147 --by head --purpose police --reason "PC 4711"

    mailguard export case MG-2026-0147 --whole --by head --purpose police --reason "PC 4711"

Exit status: 0 done, 1 no such case or it could not be made.""",
)
@config_option
@state_option
@click.option(
    "--whole",
    "is_whole",
    is_flag=True,
    help="With sealed pictures, videos and archives. Never for pictures that may be indecent: the police fetch those.",
)
@purpose_option
@maker_options
@click.argument("case_id")
def case(
    config_path: Path,
    state_folder: Path,
    is_whole: bool,
    purpose_word: str,
    role_word: str,
    reason: str,
    target: Path | None,
    case_id: str,
) -> None:
    """Make the evidence pack of a case: case file (PDF), record (JSON), originals, and what proves them."""
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        make = partial(
            exports.packs.make,
            case_id,
            by=maker,
            purpose=ExportPurpose(purpose_word),
            reason=reason,
            form=PackForm.WHOLE if is_whole else PackForm.WITHHELD,
        )
        write_out(made_or_stop(make, case_id), target)
        click.echo(f"public key: {exports.packs.trail.verifier_key}")


@command.command(
    "chronology",
    epilog="""Examples:

    mailguard export chronology MG-2026-0147 --side pupil --by head --purpose school-record --reason "for CPOMS"

    mailguard export chronology P0003 --by head --purpose school-record --reason "for CPOMS"

Exit status: 0 done, 1 no such case or person.""",
)
@config_option
@state_option
@click.option(
    "--side",
    "side_word",
    type=click.Choice([side.value for side in Side]),
    help="Of a case: whose record it is for. The other side's people are not named.",
)
@purpose_option
@maker_options
@click.argument("about")
def chronology(
    config_path: Path,
    state_folder: Path,
    side_word: str | None,
    purpose_word: str,
    role_word: str,
    reason: str,
    target: Path | None,
    about: str,
) -> None:
    """Write the chronology of a case, a person id or an address as CSV for the safeguarding system."""
    is_case = CASE_ID.fullmatch(about) is not None
    side = Side(side_word) if side_word is not None else None
    if is_case and side is None:
        raise click.UsageError(
            "the chronology of a case needs --side: pupil and staff records are kept apart"
        )
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        service, purpose = exports.chronologies, ExportPurpose(purpose_word)
        make = (
            partial(service.of_case, about, side, by=maker, purpose=purpose, reason=reason)
            if is_case and side is not None
            else partial(service.of_person, about, by=maker, purpose=purpose, reason=reason)
        )
        write_out(made_or_stop(make, about), target)


@command.command(
    "foi",
    epilog="""Example: mailguard export foi --from 2026-09-01 --until 2027-07-31 --by head --reason "request 12"

Exit status: 0 done, 1 it could not be made.""",
)
@config_option
@state_option
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day.")
@click.option("--until", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day, included.")
@maker_options
def foi(
    config_path: Path,
    state_folder: Path,
    first: datetime,
    last: datetime,
    role_word: str,
    reason: str,
    target: Path | None,
) -> None:
    """Write counts and an anonymised case table for a freedom of information request; small numbers suppressed."""
    if last < first:
        raise click.UsageError("--until is before --from")
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        make = partial(exports.foi.make, first.date(), last.date(), by=maker, reason=reason)
        write_out(made_or_stop(make, "foi"), target)


@contextmanager
def opened_exports(config_path: Path, state_folder: Path, role_word: str) -> Iterator[tuple[Exports, Maker]]:
    """The services that make exports, and who asks; an end with the reason when they cannot be had."""
    with opened_school(config_path, state_folder) as school:
        try:
            settings = reading_settings(school)
            lists = load_lists(
                list_files(school.loaded), surroundings(school.loaded, school_of(school.loaded))
            )
        except ConfigProblem as problem:
            stop(problem.problems)
        trusted = frozenset(name.lower() for name in school.loaded.config.authentication.trusted_authserv_ids)
        exports = make_exports(
            store=school.store,
            blobs=school.blobs,
            trail=school.trail,
            read=partial(read, trusted_authserv_ids=trusted),
            settings=settings,
            directory=lambda: lists,
            roll=lists.people,
        )
        yield exports, maker_of(Role(role_word), settings)


def reading_settings(school: OpenedSchool) -> EffectsSettings:
    """Settings with the policy's words. Raises ConfigProblem."""
    return effects_settings(
        school.loaded,
        mark_key=school.store.keys.mark_key,
        clauses=load_policy(school.loaded).clauses,
        platform_names=load_recognisers(school.loaded, is_examined=False).names,
    )


def maker_of(role: Role, settings: EffectsSettings) -> Maker:
    """The role's holder; an end when the role is not configured."""
    contact = settings.contacts.get(role)
    if contact is None:
        stop([f"roles.{role.value} is not configured"])
    return Maker(
        actor=role.value,
        address=contact.address,
        title=f"{contact.name}, {settings.title(role)} (command line)",
        role=role,
    )


def made_or_stop(make: Callable[[], MadeExport], what: str) -> MadeExport:
    """The export, or an end with the reason."""
    try:
        return make()
    except UnknownCase:
        stop([f"{what}: no such case; see: mailguard case list"], status=FAILED)
    except UnknownPerson:
        stop([f"{what}: no case, no person id on the lists, and no address"], status=FAILED)
    except (ReasonMissing, PermanentFailure, TemporaryFailure) as problem:
        stop([f"{what}: {problem}"], status=FAILED)


def write_out(made: MadeExport, target: Path | None) -> Path:
    """Write the file, readable by its owner alone, and say where it is."""
    place = target or Path()
    path = place / made.filename if place.is_dir() else place
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_bytes(made.content)
    except OSError as problem:
        stop([f"{path}: cannot be written: {problem.strerror}"])
    digest = f", SHA-256 {made.sha256}" if made.sha256 else ""
    click.echo(f"{path}: {len(made.content):,} bytes{digest}")
    return path
