from __future__ import annotations

import pytest

from mailguard.domain.message import Authentication, AuthenticationResult
from mailguard.reading.authentication import parse_authentication_results
from mailguard.reading.message import read
from tests.unit.reading.composing import mail

PASS, FAIL, NONE = AuthenticationResult.PASS, AuthenticationResult.FAIL, AuthenticationResult.NONE
OURS = "mx.stoswins.example"


def said(
    *fields: str, sender: str = "Sam <sam@post.example>", trusted: tuple[str, ...] = (OURS,)
) -> Authentication:
    return read(mail("x", *fields, f"From: {sender}"), trusted_authserv_ids=frozenset(trusted)).authentication


def test_dmarc_decides_where_it_is_stated() -> None:
    found = said(
        f"Authentication-Results: {OURS}; spf=pass smtp.mailfrom=post.example; dkim=none;"
        " dmarc=fail header.from=post.example"
    )
    assert (found.overall, found.dmarc, found.spf, found.dkim) == (FAIL, FAIL, PASS, NONE)
    assert found.authserv_id == OURS
    assert found.header_from_domain == "post.example"


@pytest.mark.parametrize(
    ("results", "overall"),
    [
        ("dmarc=pass header.from=post.example", PASS),
        ("dmarc=none; dkim=pass header.d=mail.post.example", PASS),
        ("dmarc=none; dkim=pass header.i=@post.example", PASS),
        ("dkim=pass header.d=bulk.example; spf=none", NONE),
        ("dkim=pass header.d=bulk.example; spf=fail smtp.mailfrom=a@post.example", FAIL),
        ("dkim=fail header.d=post.example; dkim=pass header.d=post.example", PASS),
        ("spf=pass smtp.mailfrom=bounces@post.example", PASS),
        ("spf=pass smtp.mailfrom=bulk.example", NONE),
        ("spf=softfail smtp.mailfrom=post.example", FAIL),
        ("spf=neutral; dkim=temperror; dmarc=permerror", NONE),
        ("dmarc=pass header.from=elsewhere.example", NONE),
        ("none", NONE),
        ("compauth=pass reason=100", NONE),
    ],
)
def test_the_overall_result_follows_alignment_with_header_from(
    results: str, overall: AuthenticationResult
) -> None:
    assert said(f"Authentication-Results: {OURS}; {results}").overall is overall


@pytest.mark.parametrize(
    "field",
    [
        f"Authentication-Results: {OURS}; dmarc=pass header.from=post.example",
        f"Authentication-Results: {OURS.upper()} 1;\r\n\tdmarc=pass (p=reject; \\) x) "
        f"header.from=post.example",
        f'Authentication-Results: "{OURS}" (a comment); dmarc/1 = pass header.from = "post.example"',
        f"authentication-results:  {OURS} ;dmarc=PASS;",
    ],
)
def test_comments_folding_and_case_are_tolerated(field: str) -> None:
    assert said(field).overall is PASS


def test_an_unpinned_verifier_says_nothing() -> None:
    for other in ("mx.google.com", f"{OURS}.evil.example", "evil.example", f"x-{OURS}"):
        assert said(
            f"Authentication-Results: {other}; dmarc=pass header.from=post.example"
        ) == Authentication(header_from_domain="post.example")
    assert said(f"Authentication-Results: {OURS}; dmarc=pass", trusted=()).overall is NONE


def test_the_topmost_trusted_field_wins_and_one_below_a_received_is_not_ours() -> None:
    forged = f"Authentication-Results: {OURS}; dmarc=pass header.from=post.example"
    found = said(f"Authentication-Results: {OURS}; spf=none", "Received: from a by b", forged)
    assert found.overall is NONE
    assert said(f"Authentication-Results: {OURS}; dmarc=fail", forged).overall is FAIL


def test_results_in_several_fields_of_one_verifier_are_merged() -> None:
    found = said(
        f"Authentication-Results: {OURS}; dmarc=pass header.from=post.example",
        f"Authentication-Results: {OURS}; dkim=pass header.d=post.example",
        f"Authentication-Results: {OURS}; spf=pass smtp.mailfrom=post.example",
    )
    assert (found.overall, found.dmarc, found.dkim, found.spf) == (PASS, PASS, PASS, PASS)


def test_a_field_without_id_counts_only_where_the_empty_id_is_pinned() -> None:
    field = (
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=post.example; "
        "dkim=pass (signature was verified)\r\n"
        " header.d=post.example;dmarc=pass action=none\r\n header.from=post.example;compauth=pass reason=100"
    )
    found = said(field, trusted=("",))
    assert (found.overall, found.dkim, found.spf_domain) == (PASS, PASS, "post.example")
    assert said(field).overall is NONE


def test_two_senders_of_different_organisations_have_no_pass() -> None:
    field = f"Authentication-Results: {OURS}; dmarc=pass header.from=post.example"
    assert said(field, "From: b@other.example").overall is NONE
    assert said(field, "From: b@mail.post.example").overall is PASS


@pytest.mark.timeout(10)
def test_hostile_fields_take_linear_time() -> None:
    for noise in (
        "(" * 200_000,
        ";" * 200_000,
        '"' * 200_000,
        "a=" * 100_000,
        "dkim=pass " + "a.b=" * 50_000,
    ):
        parse_authentication_results(f"{OURS}; {noise}")
