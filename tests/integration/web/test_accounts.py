"""Accounts that read content take two people; the first sign-in sets password, phone and recovery codes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.account_book import AccountProblem
from mailguard.app.one_time_codes import current_code
from mailguard.domain.account import AccountState, SiteRole
from mailguard.domain.case import EffectKind
from mailguard.web.csrf import FIELD
from tests.schooling import CHAIR, DEPUTY, HEAD, PARENT, SECOND_TEACHER
from tests.web_site import PASSWORD, SiteClient, WebSchool, make_web_school

NEW = {"name": "Olive Green", "address": SECOND_TEACHER, "role": "deputy", "reason": "covers term two"}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def form_token(page: str) -> str:
    return page.split(f'name="{FIELD}" value="')[1].split('"')[0]


def sign_in(client: SiteClient, address: str, password: str, code: str = ""):
    fields = {FIELD: form_token(client.get("/sign-in").text), "address": address}
    return client.post("/sign-in", data={**fields, "password": password, "code": code})


def step(client: SiteClient, path: str, **fields: str):
    return client.post(path, data={FIELD: form_token(client.get("/first-sign-in").text), **fields})


def send(client: SiteClient, path: str, **fields: str):
    """A form of somebody who has signed in by hand."""
    return client.post(path, data={FIELD: form_token(client.get("/account").text), **fields})


def one_time_password(page: str) -> str:
    found = re.search(r"One-time password</dt><dd class=\"code\">([a-z2-7-]+)<", page)
    assert found, page
    return found.group(1)


def phone_key(page: str) -> str:
    found = re.search(r'class="code">([A-Z2-7 ]+)<', page)
    assert found, page
    return found.group(1).replace(" ", "")


def enrol(school: WebSchool, client: SiteClient, password: str = "seven ducks under lamps") -> list[str]:
    """Through the three steps; the recovery codes."""
    assert step(client, "/first-sign-in/password", password=password, again=password).status_code == 303
    page = client.get("/first-sign-in").text
    secret = phone_key(page)
    answer = step(client, "/first-sign-in/phone", code=current_code(secret, school.clock.now()))
    assert answer.status_code == 303
    codes = re.findall(r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>", client.get("/first-sign-in").text)
    assert step(client, "/first-sign-in/recovery-codes").headers["location"] == "/"
    return codes


def test_an_account_that_reads_content_opens_only_after_a_second_member_approved(school: WebSchool):
    admin, head = school.client(SiteRole.ADMIN), school.client(SiteRole.HEAD)
    answer = admin.submit("/accounts/new", NEW)
    assert answer.status_code == 303
    assert "One-time password" not in admin.get("/accounts").text
    (invitation,) = school.site.account_book.open_invitations()
    assert admin.submit(f"/invitations/{invitation.id}/approve").status_code == 403
    password = one_time_password(head.submit(f"/invitations/{invitation.id}/approve").text)
    newcomer = school.client()
    assert sign_in(newcomer, NEW["address"], password).headers["location"] == "/first-sign-in"
    assert newcomer.get("/account").headers["location"] == "/first-sign-in"
    assert len(enrol(school, newcomer)) == 10
    assert newcomer.get("/account").status_code == 200


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_the_chain_gets_mail_about_accounts_that_read_no_cases_too(school: WebSchool, role: str):
    admin, address = school.client(SiteRole.ADMIN), f"another-{role}@hill.example"
    assert one_time_password(admin.submit("/accounts/new", {**NEW, "role": role, "address": address}).text)
    (account,) = [each for each in school.site.account_book.all() if each.address == address]
    admin.submit(f"/accounts/{account.id}/reset", {"reason": "phone lost"})
    admin.submit(f"/accounts/{account.id}/disable")
    with school.opened.store.reading() as transaction:
        told = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    assert all(each.payload["subject"] == "An account that reads no cases" for each in told)
    for told_to in (HEAD, DEPUTY, CHAIR, address):
        said = " ".join(str(each.payload["lines"][0]) for each in told if each.address == told_to)
        assert f"A new account for Olive Green ({role.capitalize()})" in said
        assert "A new password and phone for Olive Green" in said
        assert "switched off the account of Olive Green" in said


def test_who_asked_cannot_approve(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    head.submit("/accounts/new", NEW)
    (invitation,) = school.site.account_book.open_invitations()
    answer = head.submit(f"/invitations/{invitation.id}/approve")
    assert answer.status_code == 303
    assert "Another member of the chain" in head.get("/accounts").text
    assert not school.site.account_book.open_invitations()[0].approved_at


def test_a_member_who_switched_the_others_off_gets_no_password_of_theirs(school: WebSchool):
    head, deputy = school.client(SiteRole.HEAD), school.accounts[SiteRole.DEPUTY].id
    for role in (SiteRole.CHAIR, SiteRole.DEPUTY):
        assert head.submit(f"/accounts/{school.accounts[role].id}/disable").status_code == 303
    answer = head.submit(f"/accounts/{deputy}/reset", {"reason": "lost phone"})
    assert answer.status_code == 303
    assert "Nobody could approve this" in head.get("/accounts").text
    assert "Nobody could approve this" in head.submit("/accounts/new", NEW).text
    assert not school.site.account_book.open_invitations()
    # IT on the server asks, and the one who is left approves.
    issued = school.site.account_book.reset(deputy, by=None)
    assert issued.one_time_password == ""
    assert one_time_password(head.submit(f"/invitations/{issued.invitation.id}/approve").text)


def test_a_member_does_not_approve_what_an_account_of_their_making_asks_for(school: WebSchool):
    head, deputy = school.client(SiteRole.HEAD), school.accounts[SiteRole.DEPUTY].id
    maker: SiteClient = head
    for number in (1, 2):
        # An account of IT that they made, and one that this one made.
        address = f"it{number}@hill.example"
        made = send(maker, "/accounts/new", **{**NEW, "role": "admin", "address": address})
        maker = school.client()
        sign_in(maker, address, one_time_password(made.text))
        enrol(school, maker)
        asked = send(maker, f"/accounts/{deputy}/reset", reason="lost phone")
        assert asked.status_code == 303
        (invitation,) = school.site.account_book.open_invitations()
        assert f"/invitations/{invitation.id}/approve" not in head.get("/accounts").text
        head.submit(f"/invitations/{invitation.id}/approve")
        assert "who made the account that asked" in head.get("/accounts").text
    chair = school.client(SiteRole.CHAIR)
    assert one_time_password(chair.submit(f"/invitations/{invitation.id}/approve").text)


def test_nobody_approves_the_reset_of_their_own_account(school: WebSchool):
    issued = school.site.account_book.reset(school.accounts[SiteRole.DEPUTY].id, by=None)
    assert issued.one_time_password == ""
    with pytest.raises(AccountProblem):
        school.site.account_book.approve(issued.invitation.id, by=school.accounts[SiteRole.DEPUTY])


def test_the_console_alone_cannot_reset_a_reader_while_another_can_approve(school: WebSchool):
    issued = school.site.account_book.reset(school.accounts[SiteRole.HEAD].id, by=None)
    assert issued.invitation.needs_second
    assert sign_in(school.client(), HEAD, issued.one_time_password).status_code == 401


def test_the_whole_chain_gets_mail_about_an_account_that_reads_content(school: WebSchool):
    school.client(SiteRole.ADMIN).submit("/accounts/new", NEW)
    with school.opened.store.reading() as transaction:
        notices = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    assert {notice.address for notice in notices} == {HEAD, DEPUTY, CHAIR, NEW["address"]}
    assert all("Olive" not in str(notice.payload["subject"]) for notice in notices)


def test_the_admin_makes_an_auditor_alone(school: WebSchool):
    admin = school.client(SiteRole.ADMIN)
    page = admin.submit("/accounts/new", {**NEW, "role": "auditor"})
    client = school.client()
    assert (
        sign_in(client, NEW["address"], one_time_password(page.text)).headers["location"] == "/first-sign-in"
    )


def test_somebody_on_no_list_gets_no_account_that_reads_cases(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    for address in ("stranger@elsewhere.example", PARENT):
        answer = head.submit("/accounts/new", {**NEW, "address": address})
        assert answer.status_code == 422
        assert "could not be closed to them" in answer.text
    assert (
        head.submit("/accounts/new", {**NEW, "address": "it.two@hill.example", "role": "admin"}).status_code
        == 200
    )


def test_a_one_time_password_works_for_one_enrolment(school: WebSchool):
    page = school.client(SiteRole.ADMIN).submit("/accounts/new", {**NEW, "role": "auditor"})
    password = one_time_password(page.text)
    client = school.client()
    sign_in(client, NEW["address"], password)
    enrol(school, client)
    assert sign_in(school.client(), NEW["address"], password).status_code == 401


def test_a_recovery_code_stands_in_for_the_phone_once(school: WebSchool):
    page = school.client(SiteRole.ADMIN).submit("/accounts/new", {**NEW, "role": "auditor"})
    client = school.client()
    sign_in(client, NEW["address"], one_time_password(page.text))
    codes = enrol(school, client)
    chosen = "seven ducks under lamps"
    assert (
        sign_in(school.client(), NEW["address"], chosen, codes[0].upper().replace("-", " ")).status_code
        == 303
    )
    assert sign_in(school.client(), NEW["address"], chosen, codes[0]).status_code == 401


def test_the_chain_hears_when_a_reader_signs_in_with_a_recovery_code(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    codes = re.findall(
        r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>", head.submit("/account/recovery-codes").text
    )
    assert len(codes) == 10
    assert sign_in(school.client(), HEAD, PASSWORD, codes[3]).status_code == 303
    with school.opened.store.reading() as transaction:
        notices = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    told = {notice.address for notice in notices if "recovery code in place" in str(notice.payload["lines"])}
    assert told == {HEAD, DEPUTY, CHAIR}


def test_a_weak_password_is_not_taken_and_says_why(school: WebSchool):
    page = school.client(SiteRole.ADMIN).submit("/accounts/new", {**NEW, "role": "auditor"})
    client = school.client()
    sign_in(client, NEW["address"], one_time_password(page.text))
    for password, words in {
        "short": "at least 12",
        "Password2026!!": "guesser tries",
        "aaaaaaaaaaaaaa": "different characters",
        "HillSchool2026": "Leave out your name",
    }.items():
        answer = step(client, "/first-sign-in/password", password=password, again=password)
        assert answer.status_code == 422
        assert words in answer.text, password


def test_a_switched_off_account_is_signed_out_everywhere_and_stays_out(school: WebSchool):
    head, deputy = school.client(SiteRole.HEAD), school.client(SiteRole.DEPUTY)
    assert deputy.get("/account").status_code == 200
    account = school.accounts[SiteRole.DEPUTY]
    assert head.submit(f"/accounts/{account.id}/disable").status_code == 303
    assert deputy.get("/account").headers["location"].startswith("/sign-in")
    assert sign_in(school.client(), DEPUTY, PASSWORD, school.code(SiteRole.DEPUTY)).status_code == 401


def test_the_admin_cannot_switch_off_who_reads_cases(school: WebSchool):
    school.client(SiteRole.ADMIN).submit(f"/accounts/{school.accounts[SiteRole.HEAD].id}/disable")
    head = school.site.account_book.find(school.accounts[SiteRole.HEAD].id)
    assert head is not None
    assert head.state is AccountState.ACTIVE


def test_the_last_reader_is_never_switched_off(school: WebSchool):
    book, accounts = school.site.account_book, school.accounts
    book.disable(accounts[SiteRole.DEPUTY].id, by=None)
    book.disable(accounts[SiteRole.CHAIR].id, by=None)
    with pytest.raises(AccountProblem, match="last account"):
        book.disable(accounts[SiteRole.HEAD].id, by=None)


def test_a_change_of_account_asks_again_who_is_there(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    school.clock.turn(minutes=15)
    answer = head.submit("/accounts/new", NEW)
    assert answer.headers["location"] == "/confirm"
    assert head.get("/account/password").headers["location"] == "/confirm?next=%2Faccount%2Fpassword"
    done = head.submit(
        "/confirm", {"password": PASSWORD, "code": school.code(SiteRole.HEAD), "next": "/account/password"}
    )
    assert done.headers["location"] == "/account/password"
    assert head.get("/account/password").status_code == 200


def test_a_wrong_confirmation_opens_nothing(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    school.clock.turn(minutes=15)
    answer = head.submit("/confirm", {"password": "wrong", "code": school.code(SiteRole.HEAD)})
    assert answer.status_code == 401
    assert head.get("/account/password").status_code == 303


def test_a_new_password_signs_other_browsers_out(school: WebSchool):
    one, other = school.client(SiteRole.HEAD), school.client(SiteRole.HEAD)
    chosen = "nine kettles on a fence"
    assert one.submit("/account/password", {"password": chosen, "again": chosen}).status_code == 303
    assert one.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert sign_in(school.client(), HEAD, chosen, school.code(SiteRole.HEAD)).status_code == 303


def test_another_phone_takes_over_only_when_it_has_shown_its_code(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    assert head.submit("/account/phone/begin").status_code == 303
    page = head.get("/account/phone").text
    secret = phone_key(page)
    assert head.submit("/account/phone", {"code": "000000"}).status_code == 422
    assert sign_in(school.client(), HEAD, PASSWORD, school.code(SiteRole.HEAD)).status_code == 303
    school.clock.turn(minutes=1)
    now = school.clock.now()
    assert head.submit("/account/phone", {"code": current_code(secret, now)}).status_code == 303
    assert sign_in(school.client(), HEAD, PASSWORD, school.code(SiteRole.HEAD)).status_code == 401
    school.clock.turn(minutes=1)
    new_code = current_code(secret, school.clock.now())
    assert sign_in(school.client(), HEAD, PASSWORD, new_code).status_code == 303
