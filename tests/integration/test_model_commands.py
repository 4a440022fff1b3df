"""``mailguard model`` from the shell: a candidate trained on few texts fails its gates, and nobody can put it in force."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailguard import shipped
from mailguard.adapters.clock import SystemClock
from mailguard.adapters.store.opening import open_store
from mailguard.classifier.registry import SHIPPED
from mailguard.cli import cli
from mailguard.config import load_config
from mailguard.daemon_settings import store_settings
from mailguard.model_wiring import registry_of
from mailguard.shipped import shipped_path
from tests.daemon import Daemon, installed
from tests.models import SIGNED_AT, add_candidate
from tests.whole_way import audit_tags

pytestmark = pytest.mark.timeout(600)

_TEXTS = (
    ("nature=schoolwork initiator=child", "sir wheres the homework sheet number {}"),
    ("nature=admin initiator=parent", "Dear Mrs Holt, my son is ill today, lesson {}. Kind regards"),
    ("nature=personal initiator=other", "fancy a pint at {} then? the band is on"),
    ("kind=notification platform=p{} event=follow initiator=other", "Somebody number {} followed you"),
    ("kind=bulk initiator=none", "Our catalogue {} is out: desks, chairs, glue"),
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A school with a store; nothing runs."""
    with installed(tmp_path_factory.mktemp("school"), next_hop_port=9) as made:
        begin_store(made)
        yield made


def begin_store(made: Daemon) -> None:
    settings = store_settings(load_config(made.config), made.state, may_make=True)
    open_store(settings, SystemClock()).store.close()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for place, (head, body) in enumerate(_TEXTS):
        records = (
            f"== {head.format(number)}\nSubject: {number}\n{body.format(number)}\n" for number in range(20)
        )
        (folder / f"author{place}.txt").write_text("".join(records))
    return folder


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the frozen texts: the encoder takes a while for all of them."""
    folder = tmp_path_factory.mktemp("held-out")
    for name in ("test", "choosing"):
        (folder / name).mkdir()
        files = sorted(shipped_path(f"held_out/{name}").glob("*.txt"))
        for path in files:
            records = path.read_text("utf-8").split("\n== ")
            (folder / name / path.name).write_text("\n== ".join(records[:2]) + "\n", "utf-8")
    return folder


@pytest.fixture
def few_frozen_texts(held_out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the held-out texts that come with mailguard, for commands run in this process."""
    monkeypatch.setitem(shipped._CHECKOUT_FOLDERS, "held_out", held_out)


@pytest.fixture(scope="module")
def own_mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ordinary messages; one of a pupil, and one of a child that no list knows, that must not become examples of such mail."""
    folder = tmp_path_factory.mktemp("own")
    senders = ("orders@paper.example", "desk@travel.example", "22esharma@pupils.hill.example")
    for sender in senders:
        raw = f"From: {sender}\r\nTo: t.brown@hill.example\r\nSubject: x\r\n\r\nYour order is ready for collection.\r\n"
        (folder / f"{sender}.eml").write_bytes(raw.encode())
    words = "miss i forgot my pe kit and my mum cant bring it can i borrow some pls"
    childs = f"From: zz@post.example\r\nTo: t.brown@hill.example\r\nSubject: pe kit\r\n\r\n{words}\r\n"
    (folder / "zz@post.example.eml").write_bytes(childs.encode())
    return folder


def run_here(made: Daemon, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["model", *words, *options_of(made)])
    return done.exit_code, done.stdout, done.stderr


def options_of(made: Daemon) -> list[str]:
    return ["--config", str(made.config), "--state", str(made.state)]


def run(made: Daemon, *words: str) -> tuple[int, str, str]:
    options = options_of(made)
    done = subprocess.run(
        [sys.executable, "-m", "mailguard", "model", *words, *options],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def trained(installation: Daemon, corpus: Path, own_mail: Path, held_out: Path) -> dict:
    status, out, err = run(
        installation, "train", "--by", "it", "--json", "--corpus", str(corpus), "--own-mail", str(own_mail),
        "--held-out", str(held_out),
    )  # fmt: skip
    assert "may be a child's" in err
    # No terminal here: the service's log says how far it is.
    assert "s  training" in err
    assert "s  measuring on test" in err
    assert err.count(".eml") == 1
    assert "zz@post.example.eml" in err
    answer: dict = json.loads(out)
    assert status == (0 if answer["passed"] else 3)
    return answer


def test_training_says_every_gate_and_learns_only_from_ordinary_mail(installation: Daemon, trained: dict):
    # A hundred texts teach no gravity: whatever the encoder adds, the shipped model stays better.
    failed = {row["name"] for row in trained["gates"] if not row["pass"]}
    assert failed
    assert trained["passed"] is False
    assert trained["school_examples"]["ordinary"] == 2
    assert trained["school_examples"]["doubtful"] == 1
    assert {row["set"] for row in trained["gates"]} == {"test", "choosing"}
    with installation.store() as opened:
        assert audit_tags(opened).count("model:version:trained") == 1
        with opened.store.reading() as transaction:
            assert transaction.effects.matching() == ()


def test_a_candidate_changes_nothing_and_is_shown_with_its_gates(installation: Daemon, trained: dict):
    status, out, _ = run(installation, "status", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["promoted"] == SHIPPED
    candidate = next(each for each in found["versions"] if each["name"] == trained["model_id"])
    assert candidate["state"] == "candidate"
    assert candidate["failed_gates"]
    _, words, _ = run(installation, "status", trained["model_id"])
    assert "FAILED" in words
    assert "at least" in words


def add_to(made: Daemon, *, like_shipped: bool = False, **changes: object) -> str:
    """A candidate without an opinion, or one that answers as the shipped model does."""
    with made.store() as opened:
        key = opened.store.keys.model_key
        registry = registry_of(load_config(made.config), made.state, opened.store.keys)
        if not like_shipped:
            return add_candidate(registry, key, **changes)  # type: ignore[arg-type]
        folder = registry.folder_of(SHIPPED)
        content = json.loads((folder / "manifest.json").read_bytes())
        weights = (folder / "weights.npz").read_bytes()
        return registry.add(weights=weights, manifest={**content, **changes}, key=key, signed_at=SIGNED_AT)


def promoting(model_id: str) -> tuple[str, ...]:
    return ("promote", model_id, "--by", "I. Admin", "--reason", "try", "--confirm", model_id)


@pytest.mark.usefixtures("few_frozen_texts")
def test_one_that_finds_fewer_children_cannot_be_promoted_by_any_word_whatever_its_manifest_says(
    installation: Daemon,
):
    passed = ({"name": "probable-child-found", "set": "test", "pass": True},)
    status, out, err = run_here(installation, *promoting(add_to(installation, gates=passed)), "--force")
    assert status == 3
    assert "FAILED  children's messages that are recognised" in out
    assert "cannot be overridden" in err
    with installation.store() as opened:
        assert "model:version:promoted" not in audit_tags(opened)


@pytest.mark.usefixtures("few_frozen_texts")
def test_one_that_failed_or_was_never_measured_elsewhere_is_measured_here_and_can_be_promoted(
    tmp_path: Path,
):
    lost = [
        {"says": "", "value": 0.1, "before": 0.9, "bound": 0.9, "is_at_least": True, **row}
        for row in ({"name": "probable-child-found", "set": "test", "pass": False},)
    ]
    with installed(tmp_path, next_hop_port=9) as school:
        begin_store(school)
        for gates in ([], lost):
            model_id = add_to(school, like_shipped=True, gates=gates, note=str(len(gates)))
            status, out, err = run_here(school, *promoting(model_id))
            assert status == 0, out + err
            assert "passed  children's messages that are recognised" in out
            assert f"{model_id} is in force" in out


def test_what_was_imported_is_there_whenever_it_was_signed_and_what_had_to_go_is_named(
    installation: Daemon, tmp_path: Path
):
    package = tmp_path / "model.zip"
    with installed(tmp_path, next_hop_port=9) as school:
        begin_store(school)
        oldest = add_to(school, bias=9.0, signed_at=SIGNED_AT - timedelta(days=900))
        assert run_here(school, "export", oldest, str(package), "--by", "it")[0] == 0
        shutil.rmtree(school.state / "models" / "versions" / oldest)
        others = [add_to(school, bias=float(number)) for number in range(5)]
        status, out, _ = run_here(school, "import", str(package), "--by", "it")
        assert status == 0
        assert f"{oldest} is here now as candidate" in out
        assert f"model.keep): {others[0]}\n" in out
        names = {each["name"] for each in json.loads(run_here(school, "status", "--json")[1])["versions"]}
        assert names == {SHIPPED, oldest, *others[1:]}


def test_another_id_than_the_one_asked_for_promotes_nothing(installation: Daemon, trained: dict):
    status, _, err = run(
        installation, "promote", "shipped", "--by", "I. Admin", "--reason", "try", "--confirm", "shiped"
    )
    assert status == 3
    assert "another id" in err


def test_an_exported_model_is_foreign_elsewhere_until_a_person_states_its_fingerprint(
    installation: Daemon, trained: dict, tmp_path: Path
):
    package = tmp_path / "model.zip"
    assert run(installation, "export", trained["model_id"], str(package), "--by", "it")[0] == 0
    (tmp_path / "other").mkdir()
    with installed(tmp_path / "other", next_hop_port=9) as other:
        begin_store(other)
        status, _, err = run(other, "import", str(package), "--by", "it")
        assert status == 3
        assert "does not trust" in err
        assert "by telephone" in err
        own = json.loads(run(installation, "status", "--json")[1])["school_key"]
        wrong = own.replace(own[0], "0" if own[0] != "0" else "1", 1)
        assert own not in err
        status, _, err = run(other, "import", str(package), "--by", "it", "--fingerprint", wrong)
        assert status == 3
        assert own not in err
        assert run(other, "import", str(package), "--by", "it", "--fingerprint", own)[0] == 0
        with other.store() as opened:
            tags = audit_tags(opened)
        assert tags.count("model:key:trusted") == tags.count("model:version:imported") == 1


def test_comparing_names_the_texts_on_which_two_models_differ(
    installation: Daemon, trained: dict, held_out: Path
):
    words = ("compare", "shipped", trained["model_id"], "--json", "--held-out", str(held_out))
    status, out, _ = run(installation, *words)
    assert status == 0
    (test, choosing) = json.loads(out)["sets"]
    assert (test["set"], choosing["set"]) == ("test", "choosing")
    shares = {"kind-right", "probable-child-found", "grave-words-of-children-found"}
    rights = [row for row in test["figures"] if row["name"] in shares]
    assert {row["name"] for row in rights} == shares
    assert any(row["better"] or row["worse"] for row in rights)
    for row in rights:
        gained, lost = len(row["better"]), len(row["worse"])
        assert (row["values"][1] > row["values"][0]) is (gained > lost), row["name"]
        assert all(":" in source for source in (*row["better"], *row["worse"]))


def test_too_little_memory_is_said_and_leaves_no_half_model(
    installation: Daemon, corpus: Path, trained: dict
):
    before = {path.name for path in (installation.state / "models" / "versions").iterdir()}
    assert trained["model_id"] in before
    status, _, err = run(installation, "train", "--by", "it", "--corpus", str(corpus), "--memory-mb", "1")
    assert status != 0
    assert "Traceback" not in err
    names = {path.name for path in (installation.state / "models" / "versions").iterdir()}
    assert names == before


def test_a_corpus_with_faults_is_refused_with_every_fault(installation: Daemon, corpus: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    shutil.copytree(corpus, broken)
    (broken / "author0.txt").write_text("== nature=nonsense\nSubject: x\ny\n== kind=nothing\nSubject: x\ny\n")
    status, _, err = run(installation, "train", "--by", "it", "--corpus", str(broken))
    assert status == 1
    assert "nonsense" in err
    assert "author0.txt:4" in err
