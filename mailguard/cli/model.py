"""``mailguard model``: what the model is, how good it was measured to be, and its life: train, compare, promote, roll back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from mailguard.classifier.gates import gate_row_of
from mailguard.classifier.promotion import failed_gates
from mailguard.classifier.registry import (
    SHIPPED,
    ModelRefused,
    ModelRegistry,
    Version,
    VersionState,
    fingerprint,
)
from mailguard.classifier.way_out import way_out
from mailguard.cli.model_files import export_command, import_command
from mailguard.cli.model_measure import compare, evaluate
from mailguard.cli.model_promote import promote, rollback
from mailguard.cli.model_train import train_command
from mailguard.cli.opened import opened_school_if_any
from mailguard.cli.settings import PROBLEMS, config_option, json_option, settings, state_option, stop
from mailguard.model_wiring import models_folder, registry_of


@click.group("model")
def command() -> None:
    """The classifier: it can raise suspicion, never lower it; without it the lists decide alone."""


@command.command(
    epilog="""Examples:

    mailguard model status

    mailguard model status 3f6d2a90c1b7e845

Exit status: 0 a model is in use, 1 the settings cannot be read or no such model, 3 dark: it is not used, and why."""
)
@config_option
@state_option
@json_option
@click.argument("model_id", required=False)
def status(config_path: Path, state_folder: Path, as_json: bool, model_id: str | None) -> None:
    """Say which model is in force, since when and by whom, and which others there are; or all about one."""
    loaded = settings(config_path)
    with opened_school_if_any(config_path, state_folder) as school:
        if school is None:
            registry = ModelRegistry(models_folder(loaded, state_folder), public_key=None)
            own_key = None
        else:
            registry = registry_of(loaded, state_folder, school.store.keys)
            own_key = school.store.keys.model_key.public_key().public_bytes_raw()
        if model_id is not None:
            _show_one(registry, model_id, as_json=as_json)
            return
        problem = _show_all(registry, own_key, as_json=as_json)
    if problem:
        sys.exit(PROBLEMS)


def _show_one(registry: ModelRegistry, model_id: str, *, as_json: bool) -> None:
    try:
        version = registry.find(model_id)
    except ModelRefused as error:
        stop([str(error)])
    if as_json:
        click.echo(json.dumps(_version_object(version, whole=True), ensure_ascii=False, default=str))
        return
    click.echo(_line(version))
    if version.problem:
        click.echo(f"  cannot be used: {version.problem}")
    for key, value in version.manifest.items():
        if isinstance(value, str | int | float):
            click.echo(f"  {key:<22} {value}")
    for key in ("corpus", "office_mail", "school_examples"):
        part = version.manifest.get(key)
        if isinstance(part, dict) and part:
            click.echo(f"  {key:<22} {', '.join(f'{name} {value}' for name, value in part.items())}")
    measured = version.manifest.get("held_out")
    for key, value in measured.items() if isinstance(measured, dict) else ():
        if isinstance(value, int | float):
            click.echo(f"  held out: {key:<22} {value}")
    for row in version.manifest.get("gates", ()):
        click.echo(f"  {gate_row_of(row).in_words}")


def _show_all(registry: ModelRegistry, own_key: bytes | None, *, as_json: bool) -> str:
    """What is shown; the problem of the model in force, "" when it is used."""
    versions = registry.versions()
    try:
        pointer = registry.pointer()
        in_force = registry.find(pointer.promoted)
        problem = in_force.problem
    except ModelRefused as error:
        pointer, in_force, problem = None, None, str(error)
    if as_json:
        answer: dict[str, Any] = {
            "model_id": in_force.model_id if in_force is not None and not problem else "",
            "signed_at": in_force.signed_at if in_force is not None else "",
            "problem": problem,
            "fix": way_out(registry) if problem else "",
            "manifest": dict(in_force.manifest) if in_force is not None else {},
            "promoted": pointer.promoted if pointer is not None else "",
            "promoted_by": pointer.by if pointer is not None else "",
            "promoted_at": pointer.at if pointer is not None else "",
            "reason": pointer.reason if pointer is not None else "",
            "versions": [_version_object(version, whole=False) for version in versions],
            "school_key": fingerprint(own_key) if own_key is not None else "",
        }
        click.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return problem
    if problem:
        click.echo(f"dark   {problem}")
        click.echo(f"       The lists go on deciding. {way_out(registry)}")
    elif in_force is not None and pointer is not None:
        since = f", promoted {pointer.at} by {pointer.by}: {pointer.reason}" if pointer.serial else ""
        click.echo(f"model  {in_force.model_id}; hash and signature match{since}")
    for version in versions:
        click.echo(_line(version))
    if own_key is not None:
        click.echo(f"key    this school signs its models with {fingerprint(own_key)}")
    return problem


def _line(version: Version) -> str:
    failed = failed_gates(version.manifest) if version.name != SHIPPED and not version.problem else ()
    if version.problem:
        says = f"cannot be used: {version.problem}"
    elif "no-gates" in failed:
        says = "not measured yet: promote measures it"
    else:
        says = f"gates failed: {', '.join(failed)}" if failed else "gates passed"
    if version.name == SHIPPED and not version.problem:
        says = f"{version.model_id}; the one that came with mailguard"
    mark = "*" if version.state is VersionState.PROMOTED else " "
    return f"{mark} {version.name:<16}  {version.state.value:<11}  {version.signed_at[:16]:<16}  {says}"


def _version_object(version: Version, *, whole: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": version.name,
        "model_id": version.model_id,
        "state": version.state.value,
        "signed_at": version.signed_at,
        "signed_by": version.signed_by,
        "problem": version.problem,
        "failed_gates": list(failed_gates(version.manifest)) if version.name != SHIPPED else [],
    }
    if whole:
        answer["manifest"] = dict(version.manifest)
    return answer


for _each in (train_command, evaluate, compare, promote, rollback, export_command, import_command):
    command.add_command(_each)
