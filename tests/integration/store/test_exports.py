from dataclasses import replace
from itertools import islice

from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord, ExportState
from tests.storing import START, School


def draft(number: int) -> ExportRecord:
    return ExportRecord(
        id=f"{number:032x}",
        kind=ExportKind.SUBJECT_ACCESS,
        state=ExportState.DRAFT,
        at=START,
        by="head",
        purpose=ExportPurpose.SUBJECT_REQUEST,
        about="P0003",
        reason="asked in a letter",
        choices={"a1": {"is_included": True}},
    )


def test_an_export_reads_as_it_was_written_and_is_changed_only_while_a_draft(school: School):
    with school.opened.store.transaction() as transaction:
        transaction.exports.add(draft(1))
        transaction.exports.add(replace(draft(2), state=ExportState.MADE))
    made = replace(draft(1), state=ExportState.MADE, sha256="ab" * 32, choices={})
    with school.opened.store.transaction() as transaction:
        assert transaction.exports.find(draft(1).id) == draft(1)
        assert transaction.exports.replace(made)
        assert not transaction.exports.replace(draft(1))
        assert transaction.exports.find(made.id) == made
        assert [each.id for each in islice(transaction.exports.newest(), 1)] == [made.id]


def test_an_export_id_of_another_form_is_unknown(school: School):
    with school.opened.store.reading() as transaction:
        assert transaction.exports.find("' OR 1=1 --\x00") is None
