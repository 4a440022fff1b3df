"""``mailguard model export`` and ``import``: a model as one signed file, carried to another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mailguard.adapters.clock import SystemClock
from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_store import AuditEntry
from mailguard.classifier.artefact import SIGNATURE, key_of_signature, verified_files
from mailguard.classifier.package import read_package, write_package
from mailguard.classifier.registry import ModelRefused, fingerprint
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import PROBLEMS, config_option, state_option, stop
from mailguard.model_wiring import promoter_of, registry_of

MODEL_EXPORTED, MODEL_IMPORTED = "model:version:exported", "model:version:imported"
KEY_TRUSTED = "model:key:trusted"


@click.command(
    "export",
    epilog="""Example: mailguard model export 3f6d2a90c1b7e845 model.zip --by it

Exit status: 0 written, 1 no such model, or it cannot be read or written.""",
)
@config_option
@state_option
@click.option("--by", "actor", required=True, help="Who exports: on the record.")
@click.argument("model_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export_command(config_path: Path, state_folder: Path, actor: str, model_id: str, file: Path) -> None:
    """Write a model as one file. It holds weights of hashed words and figures; no text of a message is in it."""
    with opened_school(config_path, state_folder) as school:
        registry = registry_of(school.loaded, state_folder, school.store.keys)
        try:
            version = registry.find(model_id)
            if version.problem:
                raise ModelRefused(f"model {model_id} is not exported: {version.problem}")
            digest = write_package(registry.folder_of(model_id), file)
        except ModelRefused as problem:
            stop([str(problem)])
        except OSError as problem:
            stop([f"{file}: cannot be written ({problem.strerror})"])
        _record(school, MODEL_EXPORTED, actor, {"model_id": version.model_id, "sha256": digest})
    click.echo(f"{version.model_id} written to {file}; sha256 {digest}")


@click.command(
    "import",
    epilog="""Examples:

    mailguard model import model.zip --by it

    mailguard model import model.zip --by it --fingerprint 1a2b-3c4d-5e6f-7081-92a3-b4c5-d6e7-f809

Exit status: 0 it is there now, 1 cannot be read or written, 3 refused: foreign, altered or made for another version.""",
)
@config_option
@state_option
@click.option(
    "--by", "actor", required=True, help="Who imports, and answers for the fingerprint: on the record."
)
@click.option(
    "--fingerprint",
    "stated",
    default="",
    help="Of the key that signed it, as its maker has read it to you: from then on that key is trusted here.",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def import_command(config_path: Path, state_folder: Path, actor: str, stated: str, file: Path) -> None:
    """Take a model in as a candidate. Hash and signature are checked before anything of it is opened.

    A model of another school is refused until a person has compared its key's fingerprint with its maker.
    """
    with opened_school(config_path, state_folder) as school:
        promoter = promoter_of(school.loaded, state_folder, school.store)
        registry, keep = promoter.registry, school.loaded.config.model.keep
        try:
            # What is in force must be known before anything is removed.
            promoter.restore()
            files = read_package(file)
            public_key = key_of_signature(files[SIGNATURE])
            verified_files(files, frozenset({public_key}))
            if public_key not in registry.trusted_keys():
                _confirm(public_key, stated)
                registry.trust(public_key, by=actor, at=SystemClock().now(), key=school.store.keys.model_key)
                _record(school, KEY_TRUSTED, actor, {"fingerprint": fingerprint(public_key)})
            model_id = registry.take_in(files)
            removed = promoter.prune(keep, fresh=model_id)
            version = registry.described(model_id)
        except ModelRefused as problem:
            stop([f"refused: {problem}"], status=PROBLEMS)
        except TemporaryFailure as problem:
            stop([f"not done: {problem}"])
        except OSError as problem:
            stop([f"{registry.folder}: cannot be written ({problem.strerror})"])
        detail = {"model_id": model_id, "key": fingerprint(public_key), "removed": list(removed)}
        _record(school, MODEL_IMPORTED, actor, detail)
    click.echo(f"{model_id} is here now as {version.state.value}; what is in force has not changed.")
    say_removed(removed, keep)
    if not version.needs_no_gates:
        click.echo(
            f"To put it in force, which measures it first: mailguard model promote {model_id} --by NAME --reason WHY"
        )


def say_removed(removed: Sequence[str], keep: int) -> None:
    if removed:
        click.echo(f"Removed, because no more than {keep} are kept (model.keep): {', '.join(removed)}")


def _confirm(public_key: bytes, stated: str) -> None:
    """Raises ModelRefused unless the person states the key's own fingerprint."""
    # The file's own fingerprint is never shown: who could copy it from here would not ring up its maker.
    if stated and stated.strip().lower() == fingerprint(public_key):
        return
    if stated:
        raise ModelRefused(
            "the key that signed it has another fingerprint than the one given. Read it over the telephone once more, letter by "
            "letter; if it still differs, the file is not its maker's: do not use it"
        )
    raise ModelRefused(
        "it is signed with a key that this school does not trust. Ask whoever made it, by telephone, for the fingerprint of "
        "their key (at their school, mailguard model status shows it in its last line), and run this again with "
        "--fingerprint and what they have read to you"
    )


def _record(school: OpenedSchool, tag: str, actor: str, detail: Mapping[str, object]) -> None:
    with school.store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=tag, actor=actor, detail=detail))
