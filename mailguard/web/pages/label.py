"""The weekly sample: a few delivered messages, envelope first, to find what was missed and to teach the model."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.app.labelling import NoSample, OpenedSample
from mailguard.app.ports_learning import SampleRecord, SampleState
from mailguard.domain.label import Label
from mailguard.domain.words import Initiator, Kind, Nature
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
_NATURES = (
    (Nature.DISCLOSURE, "It tells of harm, neglect, bullying or despair"),
    (Nature.ALLEGATION, "It accuses somebody of the school"),
    (Nature.THREAT, "It threatens"),
    (Nature.MEETING_OR_SECRECY, "It asks to meet outside school, or to keep the contact secret"),
    (Nature.IMAGE, "A picture or video is the message"),
    (Nature.SOCIAL_INVITE, "It asks to connect elsewhere: a handle, a number, a link"),
    (Nature.PERSONAL, "It is private: not about school"),
    (Nature.COMPLAINT, "It complains"),
)


def show(visit: Visit) -> Response:
    """Envelopes only."""
    offered = visit.site.labelling.offered()
    waiting = [sample for sample in offered.waiting if not _concerns(visit, sample)]
    return visit.page(
        "label.html",
        waiting=waiting,
        examples=offered.examples,
        keep_days=offered.keep_days,
        is_off=not any(_sizes(visit)),
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
    sample = _sample(visit)
    who = visit.form.text("who")
    if who not in _LABELS:
        return _form(visit, sample, problem="Say who wrote it, or skip it.", status=400)
    kind, initiator = _LABELS[who]
    ticked = {value for value, _ in _NATURES} & set(visit.form.texts("nature"))
    natures = frozenset(Nature(value) for value in ticked)
    is_person = kind is Kind.DIRECT
    said = Label(
        kind=kind,
        initiator=initiator,
        natures=natures if is_person else None,
        is_only_not_grave=is_person and not natures,
    )
    if not visit.site.labelling.label(sample.id, said, by=visit.account.id):
        return visit.to("label", flash="Somebody else has labelled it already.", is_problem=True)
    flash = "Noted for the next training."
    if initiator is Initiator.CHILD or natures & {Nature.DISCLOSURE, Nature.ALLEGATION, Nature.THREAT}:
        flash += " If it should have been reported, record it now under “Report a concern”: this page reports nothing."
    return visit.to("label", flash=flash)


def skip(visit: Visit) -> Response:
    sample = _sample(visit)
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
    return visit.page(
        "label_one.html",
        status=status,
        sample=sample,
        opened=opened,
        problem=problem,
        who=_WHO,
        natures=_NATURES,
    )


def _sample(visit: Visit) -> SampleRecord:
    """Raises NotHere for one that is gone, is decided, or in which this person writes or is written to."""
    try:
        sample = visit.site.labelling.find(visit.path("sample_id"))
    except NoSample:
        raise NotHere from None
    if sample.state is not SampleState.WAITING or _concerns(visit, sample):
        raise NotHere
    return sample


def _concerns(visit: Visit, sample: SampleRecord) -> bool:
    """The chain is left out when the sample is drawn; accounts and rota may have changed since."""
    directory = visit.site.directory()
    parties = [str(sample.envelope.get("from", "")), *map(str, sample.envelope.get("to", ()))]
    own = {visit.account.address.lower()}
    own_ids = {person.id for person in directory.by_address(visit.account.address)}
    return any(
        each.lower() in own or own_ids & {person.id for person in directory.by_address(each)}
        for each in parties
    )


def _sizes(visit: Visit) -> tuple[int, int]:
    section = visit.site.parts.loaded.config.labelling
    return section.blind_per_week, section.uncertain_per_week


routes = (
    get("label", "/sample", show),
    get("label.one", "/sample/{sample_id}", one),
    post("label.open", "/sample/{sample_id}/open", ask_to_open),
    get("label.words", "/sample/{sample_id}/words", words),
    post("label.do", "/sample/{sample_id}", label),
    post("label.skip", "/sample/{sample_id}/skip", skip),
)
