"""From settings to the parts that inspect a message: the same for the daemon, ``explain`` and the checks.

Nothing here opens a socket or a store; that is :mod:`mailguard.daemon.parts`'s.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.list_writer import ListFolder
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.inspect import Inspector
from mailguard.app.list_editing import ListEditing
from mailguard.app.list_files import ListFile, ListName, ListsProblem
from mailguard.app.lists import IndexedLists, Surroundings, load_lists, read_domains
from mailguard.app.ports import Classifier, Clock
from mailguard.app.ports_store import Store
from mailguard.classifier.artefact import open_classifier
from mailguard.config import ConfigProblem, LoadedConfig
from mailguard.domain.names import Nicknames
from mailguard.domain.people import ApprovedChannel
from mailguard.domain.policy import Policy, PolicyProblem, parse_policy
from mailguard.domain.policy_check import PolicyReport, check_policy
from mailguard.domain.roll import School
from mailguard.domain.words import Role
from mailguard.reading.platforms import PlatformsProblem, Recognisers
from mailguard.shipped import shipped_path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an inspector is made of, kept for whoever shows or replaces a part."""

    loaded: LoadedConfig
    school: School
    policy: Policy
    recognisers: Recognisers
    lists: IndexedLists
    classifier: Classifier
    clock: Clock

    def inspector(
        self,
        *,
        lists: Callable[[], IndexedLists] | None = None,
        classifier: Callable[[], Classifier] | None = None,
    ) -> Inspector:
        """An inspector over these parts; a daemon gives functions that follow reloads."""
        return Inspector(
            school=self.school,
            policy=self.policy,
            recognisers=self.recognisers,
            lists=lists or (lambda: self.lists),
            classifier=classifier or (lambda: self.classifier),
            clock=self.clock,
            trusted_authserv_ids=frozenset(
                name.lower() for name in self.loaded.config.authentication.trusted_authserv_ids
            ),
        )


def make_parts(
    loaded: LoadedConfig,
    *,
    clock: Clock | None = None,
    classifier: Classifier | None = None,
    is_examined: bool = True,
) -> Parts:
    """Load policy, recognisers, lists and model. Raises ConfigProblem with everything that is wrong in any of them.

    ``classifier``: the model in force; the shipped one when not given. One that cannot be trusted is no error: it is dark,
    and lists go on working. ``is_examined``: False for a command that answers once; see :func:`load_recognisers`.
    """
    problems: list[str] = []
    school = school_of(loaded)
    policy = _collect(problems, lambda: load_policy(loaded))
    recognisers = _collect(problems, lambda: load_recognisers(loaded, is_examined=is_examined))
    lists = _collect(problems, lambda: load_lists(list_files(loaded), surroundings(loaded, school)))
    if problems or policy is None or recognisers is None or lists is None:
        raise ConfigProblem(problems)
    report = check_policy(policy, available_roles=frozenset(school.role_addresses or {}))
    if report.problems:
        raise ConfigProblem([f"{policy_path(loaded)}: {problem}" for problem in report.problems])
    return Parts(
        loaded=loaded,
        school=school,
        policy=policy,
        recognisers=recognisers,
        lists=lists,
        classifier=classifier or open_classifier(),
        clock=clock or SystemClock(),
    )


def platform_warnings(parts: Parts) -> list[str]:
    """Platform ids that settings or lists name and no recogniser knows: such a handle or approval never matches.

    A service that no recogniser lists is named by its domain, which has a dot.
    """
    known = parts.recognisers.classes
    approved = ((name, "school.approved_platforms") for name in sorted(parts.school.approved_platforms))
    warnings = []
    for name, place in (*approved, *parts.lists.platforms_named):
        if name in known or "." in name:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean {near[0]}?" if near else "use an id of platforms.toml, or the service's domain"
        warnings.append(f"{place}: platform {name!r} is not known; {fix}")
    return warnings


def _collect(problems: list[str], load: Callable[[], T]) -> T | None:
    try:
        return load()
    except (PolicyProblem, PlatformsProblem, ListsProblem, ConfigProblem) as problem:
        problems.extend(map(str, problem.problems))
        return None


def school_of(loaded: LoadedConfig) -> School:
    config = loaded.config
    roles = {role: getattr(config.roles, role.value) for role in Role}
    filled = {role: section for role, section in roles.items() if section is not None}
    return School(
        name=config.school.name,
        domains=tuple(config.school.domains),
        pupil_domains=tuple(config.school.pupil_domains),
        timezone=config.school.timezone,
        approved_platforms=frozenset(config.school.approved_platforms),
        role_addresses={role: section.address for role, section in filled.items()},
        role_names={role: section.name for role, section in filled.items()},
        approved_channels=tuple(
            ApprovedChannel(
                approver=channel.approver,
                pupil_domain=channel.pupil_domain,
                representatives=tuple(channel.representatives),
                expires=channel.expires,
                source=f"{loaded.path.name}: approved_channel",
            )
            for channel in config.approved_channel
        ),
    )


def policy_path(loaded: LoadedConfig) -> Path:
    table = loaded.config.policy.table
    return loaded.resolve(table) if table is not None else shipped_path("config/policy.toml")


def load_policy(loaded: LoadedConfig) -> Policy:
    return load_policy_file(policy_path(loaded))


def load_policy_file(path: Path) -> Policy:
    """Raises ConfigProblem, PolicyProblem."""
    return parse_policy(_toml(path), source=str(path))


def policy_report(loaded: LoadedConfig) -> PolicyReport:
    """The proof over the whole space, for ``mailguard policy check``."""
    return check_policy(
        load_policy(loaded), available_roles=frozenset(school_of(loaded).role_addresses or {})
    )


def load_recognisers(loaded: LoadedConfig, *, is_examined: bool = True) -> Recognisers:
    """``is_examined``: False to take the wordings of the shipped file for sound; daemon and doctor compile each, most of a second."""
    own = loaded.config.policy.platforms
    path = loaded.resolve(own) if own is not None else shipped_path("config/platforms.toml")
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ConfigProblem(
            [f"{path}: cannot be read: {problem.strerror}; correct policy.platforms"]
        ) from problem
    return Recognisers.from_toml(data, str(path), is_known=own is None and not is_examined)


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigProblem(
            [f"{path}: cannot be read: {problem.strerror}; correct policy.table"]
        ) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigProblem([f"{path}: is not TOML: {problem}; restore the shipped file"]) from problem


def list_files(loaded: LoadedConfig, *, replaced: Mapping[str, Path] | None = None) -> tuple[ListFile, ...]:
    """The configured lists; ``replaced``: other files in their place, as given on a command line."""
    other = replaced or {}
    return tuple(
        ListFile(
            name=ListName(name),
            shown=str(other.get(name, path)),
            path=other.get(name) or loaded.resolve(path),
        )
        for name, path in loaded.config.lists
        if path is not None
    )


def list_editing(
    loaded: LoadedConfig,
    school: School,
    store: Store,
    settings: EffectsSettings,
    in_force: Callable[[], IndexedLists] | None = None,
) -> ListEditing:
    """Changes to the files that the settings name, and what they were before. ``settings``: whom they are told."""
    return ListEditing(
        files=list_files(loaded),
        surroundings=surroundings(loaded, school),
        store=store,
        writer=ListFolder(),
        settings=settings,
        in_force=in_force,
    )


def list_problems(loaded: LoadedConfig, *, replaced: Mapping[str, Path] | None = None) -> list[str]:
    """Everything that is wrong in the lists, one line each; empty when they load."""
    try:
        load_lists(list_files(loaded, replaced=replaced), surroundings(loaded, school_of(loaded)))
    except ListsProblem as problem:
        return [str(each) for each in problem.problems]
    return []


def surroundings(loaded: LoadedConfig, school: School) -> Surroundings:
    """The school and the shipped facts that matching needs. Raises ShippedFileMissing."""
    nicknames = shipped_path("config/nicknames.csv").read_text(encoding="utf-8").splitlines()
    free_mail = shipped_path("config/free_mail_domains.txt").read_text(encoding="utf-8").splitlines()
    return Surroundings(
        school=school,
        nicknames=Nicknames.from_csv(nicknames),
        free_mail_domains=read_domains(free_mail),
        personal_mail_domains=tuple(loaded.config.school.personal_mail_domains),
        dot_blind_domains=frozenset(loaded.config.school.dot_blind_domains),
    )
