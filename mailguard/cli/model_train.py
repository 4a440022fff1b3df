"""``mailguard model train``: a candidate of this school, on its own machine."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailguard.adapters.clock import SystemClock
from mailguard.app.ports import TemporaryFailure
from mailguard.classifier.artefact import DarkClassifier, ModelRefused, open_classifier, size_warning
from mailguard.classifier.corpus import CorpusError
from mailguard.cli.model_files import say_removed
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import PROBLEMS, config_option, json_option, state_option, stop
from mailguard.model_wiring import promoter_of
from mailguard.shipped import ShippedFileMissing, shipped_path
from mailguard.wiring import make_parts

if TYPE_CHECKING:
    from mailguard.classifier.examples import Example, Progress
    from mailguard.domain.message import MessageFacts

MODEL_TRAINED = "model:version:trained"
held_out_option = click.option(
    "--held-out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with other frozen texts (test and choosing in it). A promotion is measured on those of mailguard all the same.",
)
_MEBIBYTE = 1024 * 1024
_CLEAR_ROW = "Z"
_SECONDS_BETWEEN_LINES = 60.0


@click.command(
    "train",
    epilog="""Examples:

    mailguard model train --by it

    mailguard model train --by it --own-mail /var/mail/office/Maildir

Exit status: 0 a candidate that passed all gates, 1 failed, 3 a candidate that did not pass them (it is kept, and shown).""",
)
@config_option
@state_option
@json_option
@click.option("--by", "actor", required=True, help="Who trains: on the record.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of training texts in place of those that come with mailguard.",
)
@click.option(
    "--office-mail",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A tar archive of real ordinary mail: examples of what is no child's contact.",
)
@click.option(
    "--gate-mail",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Another such archive that is not trained on: one more gate counts how much of it would be held.",
)
@click.option(
    "--own-mail",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="An mbox, Maildir or folder of .eml of this school's ordinary mail, used in the same way; "
    "what the lists or words make anything but clear, or the shipped model takes for a child's, is left out. "
    "May be repeated.",
)
@held_out_option
@click.option("--without-decisions", is_flag=True, help="Leave out what reviewers' decisions have taught.")
@click.option("--seed", type=int, help="Another seed: for comparing.")
@click.option(
    "--memory-mb", type=int, help="Most memory to take; model.train_memory_mb when not given, 0 for no bound."
)
def train_command(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    actor: str,
    corpus: Path | None,
    office_mail: Path | None,
    gate_mail: Path | None,
    own_mail: tuple[Path, ...],
    held_out: Path | None,
    without_decisions: bool,
    seed: int | None,
    memory_mb: int | None,
) -> None:
    """Train a candidate, measure it on texts that no training saw, and keep it. What is in force does not change.

    Texts of cases are read in memory, on this machine, and go nowhere. It takes some minutes at low priority.
    """
    from mailguard.classifier.frozen import frozen_measure, platforms_of
    from mailguard.classifier.retrain import Materials, retrain
    from mailguard.classifier.train import SEED

    with opened_school(config_path, state_folder) as school:
        section = school.loaded.config.model
        _be_modest(section.train_memory_mb if memory_mb is None else memory_mb)
        promoter = promoter_of(school.loaded, state_folder, school.store)
        registry, clock = promoter.registry, SystemClock()
        try:
            # What is in force must be known before anything is removed.
            promoter.restore()
            texts = corpus if corpus is not None else shipped_path("corpus")
            with shown_progress() as progress:
                extra, facts = _school_examples(
                    school, own_mail, without_decisions=without_decisions, progress=progress
                )
                candidate = retrain(
                    promoter,
                    Materials(
                        corpus=texts,
                        office_mail=office_mail,
                        choosing=(held_out or shipped_path("held_out")) / "choosing",
                        extra=extra,
                        extra_facts=facts,
                        seed=SEED if seed is None else seed,
                    ),
                    now=clock.now,
                    keep=section.keep,
                    measure=frozen_measure(
                        known_platforms=platforms_of(texts),
                        office_mail=gate_mail,
                        folder=held_out,
                        progress=progress,
                    ),
                    progress=progress,
                )
        except (CorpusError, ShippedFileMissing) as problem:
            stop(str(problem).splitlines())
        except (ModelRefused, TemporaryFailure) as problem:
            stop([f"no candidate was made: {problem}"])
        except MemoryError:
            stop(["not enough memory: raise model.train_memory_mb (or --memory-mb), or give fewer texts"])
        except OSError as problem:
            stop([f"{registry.folder}: cannot be written ({problem.strerror})"])
        _record(school, actor, candidate.model_id, candidate.has_passed, facts, candidate.removed)
    if as_json:
        answer = {
            "model_id": candidate.model_id,
            "passed": candidate.has_passed,
            "gates": [row.as_dict() for row in candidate.rows],
            "school_examples": facts,
            "removed": list(candidate.removed),
            "weights_bytes": candidate.weights_bytes,
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for row in candidate.rows:
            click.echo(row.in_words)
        click.echo(f"candidate {candidate.model_id}; what is in force has not changed.")
        say_removed(candidate.removed, section.keep)
        if candidate.has_passed:
            click.echo(
                f"To put it in force: mailguard model promote {candidate.model_id} --by NAME --reason WHY"
            )
        else:
            click.echo(
                "It did not pass all gates: look at them, and compare, before you think of promoting it."
            )
    if warning := size_warning(candidate.weights_bytes):
        click.echo(f"mailguard: {warning}", err=True)
    if not candidate.has_passed:
        sys.exit(PROBLEMS)


def _school_examples(
    school: OpenedSchool, own_mail: tuple[Path, ...], *, without_decisions: bool, progress: Progress
) -> tuple[list[Example], dict[str, object]]:
    """What reviewers have labelled, and ordinary mail of the school; and what the manifest says of them."""
    from mailguard.classifier.school_examples import labelled_examples, ordinary_examples
    from mailguard.reading.message import read

    found: list[Example] = []
    facts: dict[str, object] = {"labelled": 0}
    if not without_decisions:
        found, facts = labelled_examples(school.store, school.blobs, read, progress=progress)
    if own_mail:
        doubtful: list[str] = []
        ordinary = ordinary_examples(_ordinary_mail(school, own_mail, progress, doubtful))
        found.extend(ordinary)
        facts["ordinary"] = len(ordinary)
        facts["doubtful"] = len(doubtful)
        if doubtful:
            click.echo(
                "Left out, because it may be a child's; look at it with `mailguard explain`:", err=True
            )
            for label in doubtful:
                click.echo(f"  {label}", err=True)
    return found, facts


def _ordinary_mail(
    school: OpenedSchool, paths: tuple[Path, ...], progress: Progress, doubtful: list[str]
) -> Iterator[tuple[str, MessageFacts]]:
    """Only what is clear by lists and wording alone: a model that judged its own lessons would learn its own errors.

    But what the shipped model takes for a child's is left out too, and named in ``doubtful``: the lists do not know every child's
    private address, and one such message taken for ordinary mail would teach the model not to see the next.
    """
    from mailguard.app.inspect import envelope_of
    from mailguard.cli.mail_sources import find_messages, read_message
    from mailguard.domain.message import Envelope

    dark = DarkClassifier(reason="training")
    shipped = open_classifier()
    inspector = make_parts(school.loaded, classifier=dark).inspector()
    for number, found in enumerate(find_messages(tuple(map(str, paths)))):
        progress("reading ordinary mail", number, 0)
        loaded = read_message(found)
        if loaded.raw is None:
            click.echo(f"mailguard: {loaded.label}: {loaded.error}", err=True)
            continue
        named = envelope_of(inspector.read(loaded.raw))
        inspection = inspector.inspect(
            loaded.raw, Envelope(mail_from=named.mail_from, rcpt_tos=named.rcpt_tos)
        )
        if inspection.headline.row.code == _CLEAR_ROW:
            if shipped.predict(inspection.facts).is_likely_child:
                doubtful.append(found.label)
                continue
            # The number, not the path: file names may name people, and the manifest's reader needs neither.
            yield f"own:{number}", inspection.facts


def _record(
    school: OpenedSchool,
    actor: str,
    model_id: str,
    has_passed: bool,
    facts: dict[str, object],
    removed: tuple[str, ...],
) -> None:
    from mailguard.app.ports_store import AuditEntry

    detail = {"model_id": model_id, "passed_gates": has_passed, "school": facts, "removed": list(removed)}
    with school.store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=MODEL_TRAINED, actor=actor, detail=detail))


def _be_modest(memory_mb: int) -> None:
    """The mail comes first: low priority, and a bound on memory beyond which this process fails and no other suffers."""
    os.nice(max(0, 10 - os.nice(0)))
    if memory_mb:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = memory_mb * _MEBIBYTE
        resource.setrlimit(
            resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar on a terminal's standard error; elsewhere (a service's log) a line for each step and one a minute."""
    if not sys.stderr.isatty():
        yield _lines_of_progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total or None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield show


def _lines_of_progress() -> Progress:
    begun = time.monotonic()
    said: dict[str, float] = {}

    def say(step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step in said and now - said[step] < _SECONDS_BETWEEN_LINES:
            return
        far = f", {done:,} of {total:,}" if step in said and total else ""
        said[step] = now
        click.echo(f"mailguard: {int(now - begun):>4} s  {step}{far}", err=True)

    return say
