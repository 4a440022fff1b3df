"""The proof itself: it finds each kind of fault, and agrees with counting point by point."""

import itertools
import random
import tomllib

import pytest

from mailguard.domain.policy import Policy, PolicyProblem, parse_policy
from mailguard.domain.policy_check import IMPOSSIBLE, check_policy
from mailguard.domain.situation import DIMENSIONS
from mailguard.domain.words import Role
from mailguard.shipped import shipped_path

DOCUMENT = tomllib.loads(shipped_path("config/policy.toml").read_text())


def policy_with(**changes: dict) -> Policy:
    """The shipped policy with some rows changed by code; None removes a row."""
    rows = []
    for row in DOCUMENT["row"]:
        change = changes.get(row["code"], {})
        if change is not None:
            rows.append({**row, **change})
    return parse_policy({**DOCUMENT, "row": rows})


def is_possible(point: dict[str, str]) -> bool:
    return not any(
        all(point[name] in values for name, values in condition.items()) for _, condition in IMPOSSIBLE
    )


def test_shipped_policy_is_proved_sound():
    report = check_policy(parse_policy(DOCUMENT))
    assert report.problems == ()
    assert sum(share.points for share in report.shares) == report.points > 1_000_000


def test_every_row_of_the_contract_is_in_the_table():
    codes = {row.code for row in parse_policy(DOCUMENT).rows}
    contract = set("X0 X1 X2 X3 P1 P2 E1 E2 P3 P4 P5 P6 P7 P8 P9 R1 D1 D2 D3".split(" "))
    contract |= set("D4i D4 D5 D6 D7 O1 O2 O3 O4 O5 U1 Z".split(" "))
    assert contract <= codes


def test_shares_agree_with_deciding_random_points_one_by_one():
    policy = parse_policy(DOCUMENT)
    chance = random.Random(7)
    shares = {share.code: share.points for share in check_policy(policy).shares}
    seen: set[str] = set()
    for _ in range(30_000):
        point = {name: chance.choice(values) for name, values in DIMENSIONS.items()}
        if is_possible(point):
            code = next(row.code for row in policy.rows if row.matches(point))
            seen.add(code)
            assert shares[code] > 0
    assert len(seen) >= 8


def test_small_table_counts_exactly():
    tiny = parse_policy(
        {
            "clauses": {"1": "words"},
            "row": [
                {
                    "code": "A",
                    "says": "a",
                    "when": {"direction": "other"},
                    "verdict": "clear",
                    "disposition": "deliver",
                    "report": "none",
                    "level": 0,
                    "clause": "1",
                },
                {
                    "code": "B",
                    "says": "b",
                    "verdict": "child-contact",
                    "disposition": "hold",
                    "report": "now",
                    "level": 3,
                    "clause": "1",
                },
            ],
        }
    )
    few = {
        name: values
        for name, values in DIMENSIONS.items()
        if name
        in ("direction", "sender", "counterpart", "standing", "automatic", "platform", "event", "actor")
    }
    rest = 1
    for name, values in DIMENSIONS.items():
        if name not in few:
            rest *= len(values)
    counted = {"A": 0, "B": 0}
    for values in itertools.product(*few.values()):
        point = dict(zip(few, values, strict=True))
        impossible = any(
            all(point[name] in allowed for name, allowed in condition.items()) for _, condition in IMPOSSIBLE
        )
        if not impossible:
            counted["A" if point["direction"] == "other" else "B"] += rest
    report = check_policy(tiny)
    assert {share.code: share.points for share in report.shares} == counted


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"D2": {"report": "digest"}}, "row D2 lets a child's contact go unreported"),
        ({"D2": {"report": "none"}}, "row D2 lets a child's contact go unreported"),
        ({"D1": {"report": "digest", "level": 2}}, "row D1 lets a child's contact go unreported"),
        ({"P7": {"report": "none"}}, "row P7 lets a child's contact go unreported"),
        ({"E1": {"grave": {"report": "none"}}}, "row E1 lets a child's contact go unreported"),
        ({"D2": None, "D2a": None}, "lets a child's contact go unreported"),
        ({"X1": {"when": {"standing": "open"}}}, "row X1 lets a child's contact go unreported"),
        ({"X2": {"when": {"standing": "declared"}}}, "row X2 is wider than its exception"),
        ({"X3": {"when": {"not_automatic": "no"}}}, "row X3 is wider than its exception"),
        ({"P6": {"when": {"direction": "other"}}}, "row P6 can never match"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(changes, words):
    problems = check_policy(policy_with(**changes)).problems
    assert any(words in problem for problem in problems), problems


def test_chain_without_anybody_to_tell_is_refused():
    report = check_policy(parse_policy(DOCUMENT), available_roles=frozenset({Role.HEAD, Role.DEPUTY}))
    assert any("nobody is left to tell" in problem for problem in report.problems)


def test_all_errors_of_a_file_are_told_at_once():
    document = {
        "clauses": {"1": "words"},
        "row": [
            {
                "code": "A",
                "says": "a",
                "when": {"colour": "red"},
                "verdict": "clear",
                "disposition": "deliver",
                "report": "none",
                "level": 0,
                "clause": "9",
            },
            {
                "code": "A",
                "verdict": "murky",
                "disposition": "burn",
                "report": "none",
                "level": 0,
                "clause": "1",
            },
        ],
    }
    with pytest.raises(PolicyProblem) as found:
        parse_policy(document, source="policy.toml")
    told = "\n".join(found.value.problems)
    for words in ("colour", "'9'", "murky", "burn", "says"):
        assert words in told


def test_signal_without_a_dimension_fails_the_check(monkeypatch):
    from mailguard.domain import policy_check
    from mailguard.domain.signal import SignalCode

    class Code:
        code, dimensions = "moon-phase", ("moon",)

    monkeypatch.setattr(policy_check, "SignalCode", [*SignalCode, Code])
    problems = check_policy(parse_policy(DOCUMENT)).problems
    assert any("moon-phase informs moon" in problem for problem in problems)


def test_dimension_without_a_signal_fails_the_check(monkeypatch):
    from mailguard.domain import policy_check
    from mailguard.domain.signal import SignalCode

    monkeypatch.setattr(policy_check, "SignalCode", [code for code in SignalCode if code.code != "own-words"])
    problems = check_policy(parse_policy(DOCUMENT)).problems
    assert any("has_own_words" in problem for problem in problems)
