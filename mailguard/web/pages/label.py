"""Samples: delivered letters that the program did not understand, and the few of the week; envelope first, to be read and judged.

What was said can be seen, changed and taken back as long as the model may learn from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from mailguard.app.labelling import GivenLabel, NoSample, OpenedSample
from mailguard.app.ports_learning import ExampleRecord, SampleRecord, SampleState
from mailguard.app.sample_readers import is_closed
from mailguard.app.teaching import EVENT_WORDS, NATURE_WORDS, label_words
from mailguard.domain.account import SiteRole
from mailguard.domain.label import Label
from mailguard.domain.words import Event, Initiator, Kind, Nature
from mailguard.web.routing import get, post
from mailguard.web.visit import NotHere, Visit

_WHO = (
    ("child", "A child", ""),
    ("parent", "A parent or carer", ""),
    ("adult", "Another adult", "A supplier, a coach, an authority, somebody unknown."),
    (
        "service",
        "A social network or other service",
        "A notification that a machine wrote about what somebody did.",
    ),
    ("mass", "A newsletter or advertising", "The same for many."),
    ("machine", "An automatic answer", "Out of office, a bounce, a confirmation."),
)
_LABELS = {
    "child": (Kind.DIRECT, Initiator.CHILD),
    "parent": (Kind.DIRECT, Initiator.PARENT),
    "adult": (Kind.DIRECT, Initiator.OTHER),
    "service": (Kind.NOTIFICATION, Initiator.NONE),
    "mass": (Kind.BULK, Initiator.NONE),
    "machine": (Kind.AUTOMATIC, Initiator.NONE),
}
_WHO_OF: dict[tuple[Kind | None, Initiator | None], str] = {said: value for value, said in _LABELS.items()}
_ALARMING = frozenset({Nature.DISCLOSURE, Nature.ALLEGATION, Nature.THREAT})
_MOST_GIVEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """One label on the page. ``url``: where it can be changed."""

    example: ExampleRecord
    what: str
    words: str
    by: str
    url: str
    withdraw_url: str


def show(visit: Visit) -> Response:
    """Envelopes only."""
    offered = visit.site.labelling.offered()
    waiting = [sample for sample in offered.waiting if not _is_closed(visit, sample)]
    return visit.page(
        "label.html",
        not_understood=[sample for sample in waiting if sample.reason.is_not_understood],
        waiting=[sample for sample in waiting if not sample.reason.is_not_understood],
        examples=offered.examples,
        keep_days=offered.keep_days,
        is_off=not any(_sizes(visit)),
        is_chair=visit.account.role is SiteRole.CHAIR,
    )


def one(visit: Visit) -> Response:
    return _form(visit, _sample(visit))


def ask_to_open(visit: Visit) -> Response:
    sample = _sample(visit)
    visit.site.labelling.ask_to_open(sample.id)
    return visit.to("label.words", sample_id=sample.id)


def words(visit: Visit) -> Response:
    """What somebody wrote: shown only after a person has asked for it, and each time on the record."""
    sample = _sample(visit)
    try:
        opened = visit.site.labelling.open(sample.id, by=visit.account.id)
    except NoSample:
        return visit.to("label.one", sample_id=sample.id)
    return _form(visit, sample, opened=opened)


def label(visit: Visit) -> Response:
    """A first judgement, or another in place of the one given before."""
    sample = _sample(visit)
    who = visit.form.text("who")
    if who not in _LABELS:
        return _form(visit, sample, problem="Say who wrote it, or skip it.", status=400)
    kind, initiator = _LABELS[who]
    natures = frozenset(Nature(value) for value in visit.form.texts("nature") if value in NATURE_WORDS)
    event = visit.form.text("event")
    is_person = kind is Kind.DIRECT
    said = Label(
        kind=kind,
        event=Event(event) if kind is Kind.NOTIFICATION and event in EVENT_WORDS else None,
        initiator=initiator,
        natures=natures if is_person else None,
        is_only_not_grave=is_person and not natures,
    )
    act = visit.site.labelling.label
    if sample.state is not SampleState.WAITING:
        act = visit.site.labelling.relabel
    if not act(sample.id, said, by=visit.account.id):
        return visit.to("label", flash="Somebody else was first: see the labels given.", is_problem=True)
    flash = "Noted for the next training."
    if initiator is Initiator.CHILD or natures & _ALARMING:
        flash += " If it should have been reported, record it now under “Report a concern”: this page reports nothing."
    return visit.to("label", flash=flash)


def given(visit: Visit) -> Response:
    """Every label that teaches and that this person may see."""
    rows = [row for each in visit.site.labelling.given() if (row := _given_row(visit, each)) is not None]
    return visit.page("label_given.html", rows=rows[:_MOST_GIVEN], more=max(0, len(rows) - _MOST_GIVEN))


def withdraw(visit: Visit) -> Response:
    sample = _sample(visit)
    if not visit.site.labelling.withdraw(sample.id, by=visit.account.id):
        return visit.to("label.given", flash="It teaches nothing any more.", is_problem=True)
    return visit.to("label.given", flash="Taken back: the next training does not learn from it.")


def _given_row(visit: Visit, each: GivenLabel) -> GivenRow | None:
    example = each.example
    with visit.site.store.reading() as transaction:
        if example.case_id and not visit.site.review.queue.is_open_to(
            example.case_id, visit.account, transaction
        ):
            return None
        account = transaction.accounts.find(example.by)
    if not example.case_id and (each.sample is None or _is_closed(visit, each.sample)):
        return None
    if example.case_id:
        what = example.case_id
        url = visit.url("case", case_id=example.case_id)
        withdraw_url = visit.url("case.unteach", case_id=example.case_id)
    else:
        assert each.sample is not None
        what = str(each.sample.envelope.get("from", "")) or "no sender"
        url = visit.url("label.one", sample_id=example.sample_id)
        withdraw_url = visit.url("label.withdraw", sample_id=example.sample_id)
    return GivenRow(
        example=example,
        what=what,
        words=label_words(example.label),
        by=account.name if account is not None else example.by,
        url=url,
        withdraw_url=withdraw_url,
    )


def skip(visit: Visit) -> Response:
    sample = _sample(visit)
    if sample.state is not SampleState.WAITING:
        raise NotHere
    visit.site.labelling.skip(sample.id, by=visit.account.id)
    return visit.to("label", flash="Skipped. Nobody will be asked about it again.")


def _form(
    visit: Visit,
    sample: SampleRecord,
    *,
    opened: OpenedSample | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    before = visit.site.labelling.label_of(sample.id)
    said = before.label if before is not None else Label()
    who = _WHO_OF.get((said.kind, said.initiator), "") if before is not None else ""
    natures, event = said.natures or frozenset(), said.event
    if visit.form.texts("nature") or visit.form.text("event"):
        natures = frozenset(Nature(each) for each in visit.form.texts("nature") if each in NATURE_WORDS)
        event = Event(each) if (each := visit.form.text("event")) in EVENT_WORDS else None
    return visit.page(
        "label_one.html",
        status=status,
        sample=sample,
        opened=opened,
        problem=problem,
        before=before,
        before_words=label_words(said),
        who=_WHO,
        who_chosen=who,
        natures=[(each.value, words, each in natures) for each, words in NATURE_WORDS.items()],
        events=[(each.value, words, each is event) for each, words in EVENT_WORDS.items()],
    )


def _sample(visit: Visit) -> SampleRecord:
    """Raises NotHere for one that is gone, teaches nothing and waits no more, or in which this person is a party."""
    labelling = visit.site.labelling
    try:
        sample = labelling.find(visit.path("sample_id"))
    except NoSample:
        raise NotHere from None
    is_done = sample.state is not SampleState.WAITING and labelling.label_of(sample.id) is None
    if is_done or _is_closed(visit, sample):
        raise NotHere
    return sample


def _is_closed(visit: Visit, sample: SampleRecord) -> bool:
    account = visit.account
    return is_closed(
        sample,
        visit.site.directory(),
        address=account.address,
        role=account.role.value,
        configured=visit.site.effects.contacts,
    )


def _sizes(visit: Visit) -> tuple[int, int]:
    section = visit.site.parts.loaded.config.labelling
    return section.blind_per_week, section.uncertain_per_week


routes = (
    get("label", "/sample", show),
    get("label.given", "/sample/labels", given),
    get("label.one", "/sample/{sample_id}", one),
    post("label.open", "/sample/{sample_id}/open", ask_to_open),
    get("label.words", "/sample/{sample_id}/words", words),
    post("label.do", "/sample/{sample_id}", label),
    post("label.skip", "/sample/{sample_id}/skip", skip),
    post("label.withdraw", "/sample/{sample_id}/withdraw", withdraw),
)
