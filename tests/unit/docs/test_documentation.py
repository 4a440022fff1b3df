"""Documentation is held to the code: what exists is documented, and what is documented exists."""

from __future__ import annotations

import copy
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from mailguard.app.audit_trail import withheld_to_json
from mailguard.app.policy_words import DIMENSION_WORDS, SIGNAL_WORDS, VALUE_WORDS
from mailguard.cli import cli
from mailguard.cli.policy_reference import shipped_policy
from mailguard.cli.reference import commands, commands_reference, policy_page
from mailguard.cli.settings_reference import section_of, sections, settings_reference
from mailguard.config import load_config
from mailguard.config_schema import Config
from mailguard.domain.audit import AuditHead, event_to_json, link
from mailguard.domain.signal import SignalCode
from mailguard.domain.situation import DIMENSIONS

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
SAMPLE = ROOT / "config" / "mailguard.toml"
PAGES = sorted(DOCS.rglob("*.md"))
READABLE = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *PAGES,
    *sorted((ROOT / "config").rglob("*.toml")),
    *sorted((ROOT / "systemd").iterdir()),
]
REMAKE = "run: python -m mailguard.cli.reference docs/reference"
EXAMPLES = {"school", "lists", "roles", "relay.next_hop"}
"""What the sample has to set, because it has no default or nothing runs without it."""

TABLES: list[tuple[str, type[BaseModel], str]] = [("", Config, ""), *sections()]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fenced(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read(path), re.MULTILINE | re.DOTALL)


def uncommented() -> dict:
    """The sample with every setting that it has switched off switched on."""
    return tomllib.loads(re.sub(r"^#(?=[\[a-z])", "", read(SAMPLE), flags=re.MULTILINE))


# The references


def test_settings_reference_is_what_the_code_says():
    assert read(REFERENCE / "configuration.md") == settings_reference(), REMAKE


def test_commands_reference_is_what_the_code_says():
    assert read(REFERENCE / "commands.md") == commands_reference(), REMAKE


def test_policy_reference_is_what_the_code_says():
    page = read(REFERENCE / "policy.md")
    assert page == policy_page(page), REMAKE


def test_every_setting_is_documented_and_says_what_it_means():
    page = read(REFERENCE / "configuration.md")
    for heading, _, words in sections():
        assert f"## `{heading}`" in page, heading
        assert words, f"{heading} does not say what it is for"
    for _, section, _ in TABLES:
        for key, field in section.model_fields.items():
            if section_of(field) is None:
                assert f"| `{key}` |" in page, f"{section.__name__}.{key}"
                assert field.description, f"{section.__name__}.{key} has no description"


def test_every_command_is_documented():
    page = read(REFERENCE / "commands.md")
    for name, _ in commands():
        assert f"## {name}\n" in page, name


def test_every_command_says_what_it_does_and_with_which_exit_status():
    for name, command in commands():
        assert command.help, name
        assert "Exit status" in (command.epilog or ""), name


def test_no_command_has_one_option_twice():
    for name, command in commands():
        options = [option for parameter in command.params for option in parameter.opts]
        assert len(options) == len(set(options)), name


def test_every_dimension_and_value_has_its_words():
    assert set(DIMENSION_WORDS) == set(DIMENSIONS) == set(VALUE_WORDS)
    for name, values in DIMENSIONS.items():
        assert set(VALUE_WORDS[name]) == set(values), name


def test_every_signal_code_has_its_sentence():
    assert set(SIGNAL_WORDS) == set(SignalCode)
    assert all(words.endswith(".") for words in SIGNAL_WORDS.values())


def test_every_signal_is_one_that_a_message_can_be_given():
    code = "".join(
        read(path) for path in (ROOT / "mailguard").rglob("*.py") if path.name != "policy_words.py"
    )
    for signal in SignalCode:
        assert f"SignalCode.{signal.name}" in code, signal.code


def test_every_row_and_clause_of_the_policy_is_documented():
    page, policy = read(REFERENCE / "policy.md"), shipped_policy()
    for row in policy.rows:
        assert f"### {row.code}: {row.says}\n" in page
    for clause, words in policy.clauses.items():
        assert f"| {clause} | {words} |" in page


# The sample of the settings


@pytest.fixture
def installed_sample(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    for name in (
        "pupils", "parents", "staff", "official_accounts", "declared_relationships", "excluded_correspondents",
        "approved_channels",
    ):  # fmt: skip
        (tmp_path / "lists" / f"{name}.csv").write_text("", encoding="utf-8")
    return Path(shutil.copy(SAMPLE, tmp_path))


def test_sample_loads_as_it_stands(installed_sample: Path):
    config = load_config(installed_sample).config
    assert config.school.name
    assert config.relay.next_hop is not None


def test_sample_differs_from_the_defaults_only_where_it_must():
    given = tomllib.loads(read(SAMPLE))
    set_keys = {
        key if key in EXAMPLES else f"{key}.{inner}"
        for key, table in given.items()
        for inner in (table or ("",))
    }
    assert {key for key in set_keys if not key.endswith(".")} <= EXAMPLES
    minimal = {key: given[key] for key in ("school", "lists", "roles")}
    minimal["relay"] = {"next_hop": given["relay"]["next_hop"]}
    assert Config.model_validate(given) == Config.model_validate(minimal)


def test_sample_with_everything_switched_on_loads(installed_sample: Path):
    text = re.sub(r"^#(?=[\[a-z])", "", read(installed_sample), flags=re.MULTILINE)
    installed_sample.write_text(text, encoding="utf-8")
    assert len(load_config(installed_sample).config.mailboxes.account) == 1


def test_sample_shows_every_setting():
    document = uncommented()
    for heading, section, _ in TABLES:
        table: dict = document
        for name in filter(None, heading.strip("[]").split(".")):
            table = table[name][0] if isinstance(table[name], list) else table[name]
        if heading in ("[roles.deputy]", "[roles.chair]", "[roles.lado]"):
            continue  # the same keys as the head's
        missing = set(section.model_fields) - set(table)
        assert not missing, f"{heading}: {missing}"


def test_values_shown_in_the_sample_are_the_defaults():
    everything = Config.model_validate(uncommented())
    plain = Config.model_validate(tomllib.loads(read(SAMPLE)))
    for name in Config.model_fields:
        if name in EXAMPLES or name == "approved_channel":
            continue
        shown_section, default_section = getattr(everything, name), getattr(plain, name)
        for key in getattr(type(shown_section), "model_fields", {}):
            default = getattr(default_section, key)
            if default is not None and not (name == "mailboxes" and key == "account"):
                assert getattr(shown_section, key) == default, f"{name}.{key}"
    assert everything.mode == plain.mode
    for key in (
        "pupil_domains",
        "personal_mail_domains",
        "timezone",
        "approved_platforms",
        "dot_blind_domains",
    ):
        assert getattr(everything.school, key) == getattr(plain.school, key), key


# What the pages say to do


def mailguard_lines(path: Path) -> Iterator[str]:
    """Every use of the command in a page: in code blocks, and in `code` within a sentence."""
    text = read(path)
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            found = re.match(
                r"(?:[A-Z_]+=\S+ )?(mailguard [a-z].*?)(?:\s{2,}#.*|\s+[>|<].*|\s+#.*)?$", line.strip()
            )
            if found:
                yield found.group(1)
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`(mailguard [a-z][^`]*)`", outside)


def what_is_wrong_with(line: str) -> str:
    """ "" when the command, its subcommand and its options exist."""
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            return ""
        inner = command.get_command(context, words[0])
        if inner is None:
            return f"{line}: no command {words[0]}"
        command, words = inner, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"{line}: no option {unknown}" if unknown else ""


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=shown)
def test_every_mailguard_command_in_the_pages_exists(page: Path):
    problems = [problem for line in mailguard_lines(page) if (problem := what_is_wrong_with(line))]
    assert problems == []


def test_make_targets_named_in_the_readme_exist():
    makefile, readme = read(ROOT / "Makefile"), read(ROOT / "README.md")
    targets = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", readme, re.MULTILINE)
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_files_copied_in_the_readme_exist():
    for source in re.findall(r"^cp (\S+)", "\n".join(fenced(ROOT / "README.md", "sh")), re.MULTILINE):
        assert (ROOT / source).exists(), source


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=shown)
def test_relative_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)", read(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_settings_in_the_pages_are_valid(page: Path):
    minimal = {key: value for key, value in tomllib.loads(read(SAMPLE)).items() if key != "relay"}
    for block in fenced(page, "toml"):
        document = copy.deepcopy(minimal)
        for key, value in tomllib.loads(block).items():
            # A line on its own is shown in the section that the text speaks of.
            if key in Config.model_fields:
                document[key] = value
            else:
                document["mailboxes"] = {**document.get("mailboxes", {}), key: value}
        Config.model_validate(document)


@pytest.mark.parametrize("path", READABLE, ids=shown)
def test_nothing_names_a_path_of_one_machine(path: Path):
    found = re.findall(r"(?:^|[\s\"'(=`])/(?:work|root|home|tmp|mnt|Users)(?:/|\b)", read(path), re.MULTILINE)
    assert found == []


@pytest.mark.parametrize("number", [0, 1], ids=["after-queue", "before-queue"])
def test_postfix_accepts_the_lines_of_the_page(tmp_path: Path, number: int):
    page = DOCS / "how-to" / "postfix.md"
    services = fenced(page, "cf master.cf")
    main = fenced(page, "cf main.cf")[0] if number == 0 else ""
    (tmp_path / "main.cf").write_text(f"compatibility_level = 3.6\n{main}", encoding="utf-8")
    (tmp_path / "master.cf").write_text(services[number], encoding="utf-8")
    for flag in ("-M", "-P"):
        answer = subprocess.run(
            ["postconf", "-c", str(tmp_path), flag], capture_output=True, text=True, check=True, timeout=20
        )
        assert "warning" not in answer.stderr, answer.stderr
        assert answer.stdout
    parameters = subprocess.run(
        ["postconf", "-c", str(tmp_path), "-n"], capture_output=True, text=True, check=True, timeout=20
    )
    unused = [line for line in parameters.stderr.splitlines() if "unused parameter" in line]
    assert unused == []


def test_ports_of_the_postfix_page_are_those_of_the_settings_and_units():
    page = DOCS / "how-to" / "postfix.md"
    lines = "\n".join(fenced(page, "cf master.cf") + fenced(page, "cf main.cf"))
    relay = Config.model_validate(tomllib.loads(read(SAMPLE))).relay
    filters = re.findall(r"(?:content_filter = scan:|smtpd_proxy_filter=)\[?([\d.]+)\]?(:\d+)", lines)
    assert {"".join(each) for each in filters} == {str(relay.listen)}
    assert len(filters) == 2
    assert re.findall(r"^([\d.]+:\d+) inet", lines, re.MULTILINE) == [str(relay.next_hop)] * 2
    assert f"ListenStream={relay.listen}\n" in read(ROOT / "systemd" / "mailguard.socket")


def test_both_positions_have_the_same_way_back_but_for_milters():
    after, before = (
        set(block.partition(":10026 inet")[2].splitlines())
        for block in fenced(DOCS / "how-to" / "postfix.md", "cf master.cf")
    )
    overrides = "  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks"
    assert after ^ before == {overrides, f"{overrides},no_milters"}


def test_the_readme_has_no_postfix_lines_of_its_own():
    """They are one set, in an order; a part of them elsewhere loses mail or judges it for two people at once."""
    readme = read(ROOT / "README.md")
    assert not re.search(r"content_filter\s*=|smtpd_proxy_filter\s*=|10026", readme)


@pytest.mark.parametrize("salt", ["", "5a" * 16])
def test_program_in_the_audit_page_computes_the_hash_of_an_event(salt: str):
    names: dict = {}
    for program in fenced(DOCS / "explanation" / "audit.md", "python"):
        exec(compile(program, "audit.md", "exec"), names)
    event = link(
        AuditHead(),
        school="school",
        at=datetime(2026, 9, 28, 22, 40, tzinfo=UTC),
        tag="gate:case:opened",
        actor="gate",
        case_id="MG-2026-0147",
        detail={"row": "D2", "level": 3, "words": "Zoë"},
        salt=salt,
    )
    assert names["event_hash"](event_to_json(event)) == event.hash
    assert names["link_hash"](event.previous, {"event": event_to_json(event)}) == event.hash
    if salt:
        assert names["link_hash"](event.previous, {"withheld": withheld_to_json(event)}) == event.hash


def test_key_made_as_the_page_says_is_one(tmp_path: Path):
    from mailguard.adapters.keys import load_key_encryption_key

    (line,) = re.findall(r"umask 077; (.*?) > ", read(DOCS / "how-to" / "restore-and-keys.md"))
    (tmp_path / "keys").mkdir()
    target = tmp_path / "keys" / "kek"
    subprocess.run(["sh", "-c", f"umask 077; {line} > {shlex.quote(str(target))}"], check=True, timeout=20)
    key = load_key_encryption_key(tmp_path, may_make=False)
    assert key.unwrap(key.wrap(b"secret")) == b"secret"


# The units


@pytest.mark.parametrize("unit", sorted((ROOT / "systemd").glob("*.service")), ids=lambda path: path.name)
def test_units_start_real_commands(unit: Path):
    lines = re.findall(r"^ExecStart=\S+/(mailguard .*)$", read(unit), re.MULTILINE)
    assert lines
    for line in lines:
        assert what_is_wrong_with(line) == ""


def test_every_service_is_shut_off_alike():
    """A protection added to one service and forgotten in another would be seen by nobody."""
    keys = "NoNewPrivileges|CapabilityBoundingSet|AmbientCapabilities|Protect|Private|ProcSubset|Restrict|Lock|SystemCall"
    found = {
        unit.name: {
            line
            for line in re.findall(
                rf"^(?:{keys}|RemoveIPC|UMask|User|LimitCORE).*$", read(unit), re.MULTILINE
            )
            if not line.startswith(("PrivateNetwork", "RestrictAddressFamilies"))
        }
        for unit in (ROOT / "systemd").glob("*.service")
    }
    assert len(found) == 3
    assert all(lines == found["mailguard.service"] for lines in found.values()), found


def test_service_gets_the_key_under_the_name_that_the_code_looks_for():
    from mailguard.adapters.keys import CREDENTIAL_NAME

    assert f"LoadCredential={CREDENTIAL_NAME}:" in read(ROOT / "systemd" / "mailguard.service")


def test_socket_unit_listens_where_the_settings_say():
    address = str(Config.model_fields["relay"].default.listen)
    assert f"ListenStream={address}\n" in read(ROOT / "systemd" / "mailguard.socket")


def test_every_audit_tag_of_the_program_has_plain_words():
    from mailguard.app.event_words import TITLES

    tag = re.compile(
        r'"((?:gate|review|effects|daemon|lists|model|accounts|glass|rota|cli):[a-z-]+:[a-z-]+)"'
    )
    written = {
        found for path in (ROOT / "mailguard").rglob("*.py") for found in tag.findall(path.read_text("utf-8"))
    }
    assert sorted(written - set(TITLES)) == []
