"""Passwords that are taken, one-time codes, and what is typed by people."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.passwords import Argon2Cost, Argon2Passwords
from mailguard.app.one_time_codes import current_code, grouped, matching_step, new_totp_secret, totp_address
from mailguard.app.password_rules import password_problem, words_of
from mailguard.app.tokens import code_hash, new_one_time_password, new_recovery_codes

NOW = datetime(2026, 11, 24, 9, 30, 10, tzinfo=UTC)
# RFC 6238, appendix B: the SHA-1 secret in base32, and its six-digit code at 2005-03-18 01:58:29.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_TIME = datetime(2005, 3, 18, 1, 58, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    ["seven ducks under lamps", "Überraschung im Garten", "xK9#mQ2$vL7!", "日本語のとても長い合言葉です"],
)
def test_long_and_unlikely_passwords_are_taken(password: str):
    assert password_problem(password, forbidden_words=words_of("Alice Head", "a.head@hill.example")) == ""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("sevenducks", "at least 12"),
        ("passwordpassword", "guesser"),
        ("Welcome2026!!!", "guesser"),
        ("123456789012", "guesser"),
        ("abababababab", "different"),
        ("AliceHead2026", "Leave out your name"),
        ("a.head@hill.example", "Leave out your name"),
        ("x" * 1001, "at most"),
    ],
)
def test_short_common_and_personal_ones_are_not_and_say_why(password: str, why: str):
    assert why in password_problem(password, forbidden_words=words_of("Alice Head", "a.head@hill.example"))


@given(st.text(max_size=80))
def test_every_text_has_an_answer(password: str):
    assert isinstance(password_problem(password, forbidden_words=("hill",)), str)


def test_codes_are_those_of_rfc_6238():
    assert current_code(RFC_SECRET, RFC_TIME) == "081804"


def test_a_clock_that_differs_by_half_a_minute_is_no_problem_and_a_minute_is():
    secret = new_totp_secret()
    step = matching_step(secret, current_code(secret, NOW), NOW)
    assert step is not None
    assert matching_step(secret, current_code(secret, NOW - timedelta(seconds=30)), NOW) == step - 1
    assert matching_step(secret, current_code(secret, NOW + timedelta(seconds=30)), NOW) == step + 1
    assert matching_step(secret, current_code(secret, NOW - timedelta(seconds=90)), NOW) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "१२३४५६", "12 34"])
def test_what_is_no_code_matches_nothing(typed: str):
    assert matching_step(RFC_SECRET, typed, RFC_TIME) is None


def test_a_code_typed_with_a_blank_is_the_code():
    assert matching_step(RFC_SECRET, "081 804", RFC_TIME) is not None


def test_no_secret_matches_nothing():
    assert matching_step("", "000000", NOW) is None


def test_the_picture_names_school_and_account():
    address = totp_address(RFC_SECRET, account="head@hill.example", school="Hill School: Lower")
    assert address.startswith("otpauth://totp/Hill%20School%20%20Lower:head%40hill.example?secret=")
    assert grouped(RFC_SECRET).startswith("GEZD GNBV")


def test_typed_codes_are_read_whatever_their_case_and_groups():
    code = new_one_time_password()
    assert len(code.replace("-", "")) == 20
    assert code_hash(f" {code.upper().replace('-', ' ')} ") == code_hash(code)
    codes = new_recovery_codes()
    assert len(set(codes)) == 10


def test_a_hash_is_salted_and_fits_its_password_only():
    passwords = Argon2Passwords(Argon2Cost(memory_kib=64, passes=1))
    one, two = passwords.hash("seven ducks"), passwords.hash("seven ducks")
    assert one != two
    assert passwords.is_match(one, "seven ducks")
    assert not passwords.is_match(one, "seven Ducks")
    assert not passwords.is_match("", "nobody has this password")
    assert not passwords.is_match("no hash at all", "seven ducks")


def test_the_installed_site_hashes_as_rfc_9106_recommends():
    cost = Argon2Cost()
    assert cost.memory_kib >= 65_536
    assert cost.passes >= 3
