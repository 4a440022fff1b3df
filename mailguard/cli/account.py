"""``mailguard account``: who may use the review page, from the server's console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from mailguard.app.account_book import AccountBook, AccountProblem, Issued
from mailguard.app.account_records import Account
from mailguard.app.list_files import ListsProblem
from mailguard.app.lists import IndexedLists, load_lists
from mailguard.app.sessions import SessionBook
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import FAILED, USAGE, config_option, json_option, state_option, stop
from mailguard.daemon_settings import effects_settings, site_settings
from mailguard.domain.account import SiteRole
from mailguard.web.times import full_time
from mailguard.wiring import list_files, school_of, surroundings

_UNKNOWN = "There is no account with that address; see: mailguard account list"


@dataclass(frozen=True, slots=True)
class _Accounts:
    school: OpenedSchool
    book: AccountBook

    def of(self, address: str) -> Account:
        with self.school.store.reading() as transaction:
            account = transaction.accounts.by_address(address)
        if account is None:
            stop([_UNKNOWN])
        return account


@click.group("account")
def command() -> None:
    """Accounts of the review page. What is done here to one that reads cases is on the record, and the chain gets mail."""


@command.command(
    "list",
    epilog="""Example: mailguard account list

Exit status: 0 done, 1 the store cannot be opened.""",
)
@config_option
@state_option
@json_option
def list_accounts(config_path: Path, state_folder: Path, as_json: bool) -> None:
    """Everybody who may sign in, and invitations that wait."""
    with _opened(config_path, state_folder, only_reads=True) as accounts:
        zone = ZoneInfo(accounts.school.loaded.config.school.timezone)
        waiting = {each.account_id: each for each in accounts.book.open_invitations()}
        for account in accounts.book.all():
            invitation = waiting.get(account.id)
            needs_second = (
                invitation is not None and invitation.needs_second and invitation.approved_at is None
            )
            if as_json:
                said = {
                    "id": account.id,
                    "role": account.role.value,
                    "state": account.state.value,
                    "address": account.address,
                    "name": account.name,
                    "is_invited": invitation is not None,
                    "needs_second": needs_second,
                    "signed_in_at": account.signed_in_at.isoformat() if account.signed_in_at else None,
                }
                click.echo(json.dumps(said, ensure_ascii=False))
                continue
            seen = full_time(account.signed_in_at, zone) if account.signed_in_at else "never signed in"
            note = "  waits for a second member" if needs_second else "  invited" if invitation else ""
            click.echo(
                f"{account.role.value:<8} {account.state.value:<9} {account.address:<34} {account.name}  ({seen}){note}"
            )


@command.command(
    epilog="""Examples:

    mailguard account create head

    mailguard account create admin --name "Ida Ahmed" --address it@school.example

Exit status: 0 done, 1 it may not be done, 2 wrong usage."""
)
@config_option
@state_option
@click.option("--name", default="", help="The person's name; for the chain, that of the settings.")
@click.option("--address", default="", help="The person's own address; for the chain, that of the settings.")
@click.option("--reason", default="", help="Why; the chain reads it.")
@click.argument("role", type=click.Choice([role.value for role in SiteRole]))
def create(config_path: Path, state_folder: Path, name: str, address: str, reason: str, role: str) -> None:
    """Make an account and print its one-time password, to be handed over on paper or by telephone.

    Once two people of the chain have accounts, one for the chain opens only when another member has approved it on the
    review page; that member is shown the one-time password.
    """
    with _opened(config_path, state_folder) as accounts:
        section = getattr(accounts.school.loaded.config.roles, role, None)
        name = name or (section.name if section is not None else "")
        address = address or (section.address if section is not None else "")
        if not name or not address:
            stop([f"account create {role}: give --name and --address"], status=USAGE)
        try:
            issued = accounts.book.create(
                name=name, address=address, role=SiteRole(role), by=None, reason=reason
            )
        except AccountProblem as problem:
            stop([str(problem)], status=FAILED)
        _say(accounts, issued)


@command.command(
    epilog="""Example: mailguard account reset head@school.example --reason "phone lost, no recovery codes"

Exit status: 0 done, 1 it may not be done."""
)
@config_option
@state_option
@click.option("--reason", required=True, help="Why; the chain reads it.")
@click.argument("address")
def reset(config_path: Path, state_folder: Path, reason: str, address: str) -> None:
    """A new one-time password for an account. What it has now works until that is used.

    For the chain another member has to approve it on the review page, as for a new account.
    """
    with _opened(config_path, state_folder) as accounts:
        try:
            issued = accounts.book.reset(accounts.of(address).id, by=None, reason=reason)
        except AccountProblem as problem:
            stop([str(problem)], status=FAILED)
        _say(accounts, issued)


@command.command(
    epilog="""Example: mailguard account disable n.new@school.example

Exit status: 0 done, 1 it may not be done."""
)
@config_option
@state_option
@click.argument("address")
def disable(config_path: Path, state_folder: Path, address: str) -> None:
    """Switch an account off and sign it out everywhere. A reset brings it back."""
    with _opened(config_path, state_folder) as accounts:
        account = accounts.of(address)
        try:
            accounts.book.disable(account.id, by=None)
        except AccountProblem as problem:
            stop([str(problem)], status=FAILED)
        click.echo(f"{account.address} is switched off.")


@command.command(
    "sign-out",
    epilog="""Example: mailguard account sign-out head@school.example

Exit status: 0 done, 1 there is no such account.""",
)
@config_option
@state_option
@click.argument("address")
def sign_out(config_path: Path, state_folder: Path, address: str) -> None:
    """End every session of an account, after a lost phone or computer."""
    with _opened(config_path, state_folder) as accounts:
        ended = accounts.book.end_sessions(accounts.of(address).id, by=None)
        click.echo(f"{ended} sessions ended.")


@contextmanager
def _opened(config_path: Path, state_folder: Path, *, only_reads: bool = False) -> Iterator[_Accounts]:
    with opened_school(config_path, state_folder, only_reads=only_reads) as school:
        settings = site_settings(school.loaded)
        effects = effects_settings(school.loaded, mark_key=school.store.keys.mark_key, clauses={})
        sessions = SessionBook(school.store, settings)
        book = AccountBook(
            school.store, sessions, settings=settings, effects=effects, directory=lambda: _lists(school)
        )
        yield _Accounts(school, book)


def _lists(school: OpenedSchool) -> IndexedLists:
    try:
        return load_lists(list_files(school.loaded), surroundings(school.loaded, school_of(school.loaded)))
    except ListsProblem as problem:
        stop([str(each) for each in problem.problems])


def _say(accounts: _Accounts, issued: Issued) -> None:
    account = issued.account
    if not issued.one_time_password:
        click.echo(
            f"Asked for. Another member of the chain has to approve it on the review page; then {account.address} "
            "gets the one-time password from them."
        )
        return
    zone = ZoneInfo(accounts.school.loaded.config.school.timezone)
    url = accounts.school.loaded.config.review.url or f"http://{accounts.school.loaded.config.review.listen}"
    click.echo(f"Review page        {url}")
    click.echo(f"Address            {account.address}")
    click.echo(f"One-time password  {issued.one_time_password}")
    click.echo(f"Works until        {full_time(issued.invitation.expires_at, zone)}")
    click.echo("It is not shown again. Hand it over yourself, not by e-mail.")
