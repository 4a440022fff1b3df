"""What pages and comments name exists: files, modules, settings, units, figures, tags, variables, types."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

import pytest

from mailguard.cli.settings_reference import sections
from mailguard.config_schema import Config

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMENTED = [
    *sorted((ROOT / "mailguard").rglob("*.py")),
    *sorted((ROOT / "systemd").iterdir()),
    *sorted((ROOT / "config").glob("*.toml")),
    ROOT / "pyproject.toml",
]
PARTS = ("mailguard", "docs", "config", "systemd", "tests", "models")
FILES = [
    str(path.relative_to(ROOT))
    for part in PARTS
    for path in (ROOT / part).rglob("*")
    if "__pycache__" not in path.parts
] + [path.name for path in ROOT.iterdir()]
SETTINGS: dict[str, set[str]] = {
    heading.strip("[]"): set(section.model_fields) for heading, section, _ in sections()
}
CODE = "\n".join(
    path.read_text("utf-8")
    for folder in ("mailguard", "tests", "systemd")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
    and path != Path(__file__)
    and path.suffix in {".py", ".service", ".timer", ".socket", ".html"}
)
MADE = {
    "/etc/mailguard/mailguard.toml", "audit-extract.jsonl", "case.json", "checkpoint.txt", "messages/1.eml", "messages/1.txt",
    "promoted.json", "report.html", "report.json", "VERIFY.txt",
}  # fmt: skip
"""Files that a school or a command makes."""

SUFFIXES = "py|md|toml|txt|csv|service|timer|socket|npz|json|jsonl|html|css|js|eml|lock"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """Without what stands in blocks: those are run or loaded by other tests."""
    return re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def is_there(name: str) -> bool:
    """A file or folder by its path, or by the end of one; ``*`` stands for one name."""
    return any(PurePath(file).match(name) for file in FILES)


def files_in(text: str) -> set[str]:
    """Files and folders in `code`: with a suffix, or below one of the repository's folders."""
    pattern = rf"`([\w./*-]+\.(?:{SUFFIXES})|(?:{'|'.join(PARTS)})/[\w./*-]*)`"
    return {name.rstrip("/") for name in re.findall(pattern, text)}


def settings_in(text: str) -> set[str]:
    """Keys with their table, and tables, in `code`."""
    keys = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?: = [^`]*)?`", text)
    tables = re.findall(r"`\[+([a-z_.]+)\]+`", text)
    named = {key for key in keys if key.split(".")[0] in Config.model_fields and not is_there(key)}
    return named | {table for table in tables if table.split(".")[0] != "tool"}


def is_setting(name: str) -> bool:
    table, _, key = name.rpartition(".")
    return name in SETTINGS or key in SETTINGS.get(table, set())


def names_in(text: str) -> set[str]:
    """What must stand in the code: figures, variables, audit tags, types."""
    return {
        *(f.removeprefix("mailguard_") for f in re.findall(r"\bmailguard_[a-z_]+", text)),
        *re.findall(r"\bMAILGUARD_[A-Z_]+\b|\bCREDENTIALS_DIRECTORY\b", text),
        *re.findall(r"`([a-z-]+:[a-z-]+:[a-z-]+)`", text),
        *re.findall(r"`((?:[A-Z][a-z]+){2,})`", text),
    }


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_files_named_in_a_page_exist(page: Path):
    assert [name for name in sorted(files_in(prose(page))) if name not in MADE and not is_there(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_settings_named_in_a_page_exist(page: Path):
    assert [name for name in sorted(settings_in(prose(page))) if not is_setting(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_figures_variables_tags_and_types_named_in_a_page_are_in_the_code(page: Path):
    assert [name for name in sorted(names_in(page.read_text("utf-8"))) if name not in CODE] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_units_named_in_a_page_exist(page: Path):
    units = set(re.findall(r"\bmailguard[a-z-]*\.(?:service|timer|socket)\b", page.read_text("utf-8")))
    assert [unit for unit in sorted(units) if not (ROOT / "systemd" / unit).is_file()] == []


def test_pages_named_in_the_code_exist():
    missing = [
        f"{shown(path)}: {name}"
        for path in COMMENTED
        for name in re.findall(r"\bdocs/[\w/.-]+\.md\b", path.read_text("utf-8"))
        if not (ROOT / name).is_file()
    ]
    assert missing == []


def test_modules_classes_and_functions_named_in_the_code_exist():
    missing = []
    for path in COMMENTED:
        for kind, name in re.findall(r":(mod|class|func):`(mailguard[\w.]+)`", path.read_text("utf-8")):
            module, _, inner = (name, "", "") if kind == "mod" else name.rpartition(".")
            file = ROOT / f"{module.replace('.', '/')}.py"
            is_defined = file.is_file() and re.search(
                rf"^(?:class|def) {inner}", file.read_text("utf-8"), re.M
            )
            if not (is_defined or (kind == "mod" and (file.is_file() or file.with_suffix("").is_dir()))):
                missing.append(f"{shown(path)}: {name}")
    assert missing == []


def test_adrs_named_in_the_code_exist():
    numbers = {int(path.name[:4]) for path in (ROOT / "docs" / "adr").iterdir()}
    named = {
        int(number)
        for path in [*COMMENTED, *PAGES]
        for number in re.findall(r"\bADR (\d+)\b", path.read_text("utf-8"))
    }
    assert sorted(named - numbers) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`mailguard/daemon/nowhere.py`", "mailguard/daemon/nowhere.py"),
        ("`relay.nowhere`", "relay.nowhere"),
        ("`[nowhere]`", "nowhere"),
        ("`mailguard_nowhere_seconds`", "nowhere_seconds"),
        ("`daemon:nowhere:made`", "daemon:nowhere:made"),
        ("`NowhereAtAll`", "NowhereAtAll"),
    ],
)
def test_what_does_not_exist_is_found(text: str, wrong: str):
    found = {
        *(name for name in files_in(text) if not is_there(name)),
        *(name for name in settings_in(text) if not is_setting(name)),
        *(name for name in names_in(text) if name not in CODE),
    }
    assert found == {wrong}
