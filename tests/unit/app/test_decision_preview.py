"""The preview names everybody and says what becomes of each copy; what it promises is what the casebook does."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailguard.app.case_deciding import Decided
from mailguard.app.decision_preview import preview_decision
from mailguard.app.ports import ImapLocation
from mailguard.domain.case import CaseDecision, RecipientState
from tests.effects_fixture import PeopleDirectory
from tests.storing import School, decision, one_report, open_school, opening, school_settings

TWO = ("p.nair@school.test", "t.halliwell@school.test")


@pytest.fixture
def school(tmp_path: Path):
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


def case_of(school: School, case_id: str):
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(case_id)
        assert case is not None
        return case, transaction.cases.recipients(case_id)


def preview(school: School, case_id: str, choice: CaseDecision):
    case, recipients = case_of(school, case_id)
    return preview_decision(case, recipients, choice, directory=PeopleDirectory(), delay_seconds=30)


@pytest.mark.parametrize("choice", list(CaseDecision))
def test_what_is_promised_is_what_happens(school: School, choice: CaseDecision):
    case_id = school.casebook.open_or_join(opening(to=TWO), one_report).case_id
    promised = preview(school, case_id, choice)
    gives = frozenset(copy.recipient.id for copy in promised.gives)
    school.casebook.decide(case_id, Decided(decision=choice, by="S1", release_to=gives))
    _, recipients = case_of(school, case_id)
    going = {each.id for each in recipients if each.state is RecipientState.RELEASE_PENDING}
    assert going == gives
    assert bool(gives) == (choice is not CaseDecision.CONFIRM)
    assert [copy.recipient.address for copy in promised.copies] == list(TWO)


def test_a_copy_that_is_still_in_the_mailbox_is_told_as_staying_there(school: School):
    location = ImapLocation(account="p.nair", folder="INBOX", uidvalidity=1, uid=7)
    case_id = school.casebook.open_or_join(opening(location=location), one_report).case_id
    (copy,) = preview(school, case_id, CaseDecision.RELEASE).copies
    assert copy.says == "keeps the message: it is still in the mailbox"


def test_the_wait_before_it_leaves_is_said_only_where_something_leaves(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    assert "It leaves 30 seconds after" in preview(school, case_id, CaseDecision.RELEASE).will[0]
    confirmed = preview(school, case_id, CaseDecision.CONFIRM)
    assert confirmed.will[0] == "The message stays held. Nobody gets it."
    assert confirmed.delay_seconds == 0


def test_giving_an_allegation_to_the_accused_is_warned_of_and_has_outcome_words(school: School):
    accused = replace(
        decision(subjects=("S0002",)),
        nature="allegation",
        signals=({"code": "accused-named", "says": "an allegation", "source": "own words"},),
    )
    case_id = school.casebook.open_or_join(opening(made=accused), one_report).case_id
    shown = preview(school, case_id, CaseDecision.DISMISS)
    assert len(shown.warnings) == 1
    assert "Local Authority Designated Officer" in shown.warnings[0]
    assert shown.outcomes
    assert not preview(school, case_id, CaseDecision.CONFIRM).warnings


def test_an_ordinary_contact_has_no_outcome_words(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    assert preview(school, case_id, CaseDecision.CONFIRM).outcomes == ()
