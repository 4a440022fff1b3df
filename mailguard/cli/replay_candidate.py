"""The parts of a candidate: those in force, with a model, a table or lists of the administrator's choice in their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mailguard.adapters.clock import SystemClock
from mailguard.app.list_files import ListsProblem
from mailguard.app.lists import IndexedLists, load_lists
from mailguard.app.ports import Classifier
from mailguard.classifier.artefact import DarkClassifier, open_classifier
from mailguard.cli.settings import stop
from mailguard.config import ConfigProblem, LoadedConfig
from mailguard.domain.policy import Policy, PolicyProblem
from mailguard.domain.policy_check import check_policy
from mailguard.model_wiring import model_of_registry
from mailguard.wiring import Parts, list_files, load_policy_file, surroundings


def candidate_parts(
    current: Parts, *, model: str | None, policy: Path | None, lists: Path | None, state_folder: Path
) -> Parts:
    """`current` with what is given in its place. Ends with the reasons when a candidate could not be put in force."""
    return replace(
        current,
        policy=_policy(policy, current) if policy is not None else current.policy,
        lists=_lists(lists, current) if lists is not None else current.lists,
        classifier=_classifier(model, current.loaded, state_folder)
        if model is not None
        else current.classifier,
    )


def _policy(path: Path, current: Parts) -> Policy:
    try:
        policy = load_policy_file(path)
    except (PolicyProblem, ConfigProblem) as problem:
        stop(problem.problems)
    report = check_policy(policy, available_roles=frozenset(current.school.role_addresses or {}))
    if report.problems:
        stop([f"{path}: {problem}" for problem in report.problems])
    return policy


def _lists(folder: Path, current: Parts) -> IndexedLists:
    replaced = {name: path for name, path in _named(folder, current.loaded).items() if path.is_file()}
    if not replaced:
        names = ", ".join(sorted(path.name for path in _named(folder, current.loaded).values()))
        stop([f"{folder}: holds none of the lists: {names}"])
    try:
        return load_lists(
            list_files(current.loaded, replaced=replaced), surroundings(current.loaded, current.school)
        )
    except ListsProblem as problem:
        stop([str(each) for each in problem.problems])


def _named(folder: Path, loaded: LoadedConfig) -> dict[str, Path]:
    """The file of each list in `folder`: by the configured file's name, else by the list's."""
    found: dict[str, Path] = {}
    for name, path in loaded.config.lists:
        choices = [folder / f"{name}.csv"]
        if path is not None:
            choices.insert(0, folder / Path(path).name)
        found[name] = next((choice for choice in choices if choice.is_file()), choices[0])
    return found


def _classifier(model: str, loaded: LoadedConfig, state_folder: Path) -> Classifier:
    folder = Path(model)
    if folder.is_dir():
        classifier = open_classifier(folder)
    else:
        classifier = model_of_registry(loaded, state_folder, SystemClock(), model)
    if isinstance(classifier, DarkClassifier):
        stop([f"--model {model}: {classifier.reason}"])
    return classifier
