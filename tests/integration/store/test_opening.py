import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.store.columns import metadata
from mailguard.adapters.store.opening import SQLITE_NAME, StoreSettings, open_store
from mailguard.adapters.store.schema import latest_schema
from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_store import StoreProblem
from tests.storing import TurnedClock, one_report, open_school, opening, school_settings


def engine_of(settings: StoreSettings):
    return create_engine(settings.url or f"sqlite:///{settings.state_folder / SQLITE_NAME}")


def problem_of(settings: StoreSettings) -> StoreProblem:
    with pytest.raises(StoreProblem) as caught:
        open_store(settings, TurnedClock())
    assert caught.value.fix
    return caught.value


def test_the_migrations_make_exactly_the_tables(settings: StoreSettings):
    opened = open_store(settings, TurnedClock())
    assert opened.store.schema == latest_schema()
    assert opened.store.is_sound()
    opened.store.close()
    engine = engine_of(settings)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_everything_is_there_after_closing_and_opening_again(settings: StoreSettings):
    first = open_school(settings)
    case_id = first.casebook.open_or_join(opening(), one_report).case_id
    first.opened.store.close()
    second = open_school(settings)
    with second.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    assert second.opened.blobs.get(message.blob_id) == opening().raw
    assert second.trail.verifier_key == first.trail.verifier_key
    second.opened.store.close()


def test_folder_store_and_key_are_closed_to_others(tmp_path: Path):
    settings = school_settings(tmp_path / "state")
    opened = open_store(settings, TurnedClock())
    opened.blobs.put(b"x")
    for path in [settings.state_folder, *settings.state_folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    opened.store.close()


def test_processes_that_start_together_make_one_store(settings: StoreSettings):
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.storing import open_school, school_settings\n"
        "school = open_school(school_settings(Path(sys.argv[1]), url=sys.argv[2]))\n"
        "school.trail.append('test:process:started', actor='x')\n"
        "print(school.trail.verifier_key)"
    )
    command = [sys.executable, "-c", code, str(settings.state_folder), settings.url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    keys = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(keys) == 1
    school = open_school(settings)
    assert (school.trail.head().size, school.trail.verify().is_intact) == (3, True)
    school.opened.store.close()


def test_a_store_of_a_newer_mailguard_is_refused_unchanged(settings: StoreSettings):
    open_store(settings, TurnedClock()).store.close()
    engine = engine_of(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    problem = problem_of(settings)
    assert (problem.key, "9999 is newer" in problem.value) == ("schema", True)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    engine.dispose()


def test_a_database_of_something_else_is_refused(settings: StoreSettings):
    settings.state_folder.mkdir()
    engine = engine_of(settings)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id integer)"))
    engine.dispose()
    assert "other tables" in problem_of(settings).value


def test_a_wrong_key_is_refused(settings: StoreSettings):
    open_store(settings, TurnedClock()).store.close()
    key = settings.state_folder / "keys" / "kek"
    key.write_bytes(Fernet.generate_key())
    problem = problem_of(settings)
    assert (problem.file, "is not the one" in problem.value) == (str(key), True)


def test_a_missing_key_is_never_made_anew_for_a_store_that_has_one(settings: StoreSettings):
    open_store(settings, TurnedClock()).store.close()
    key = settings.state_folder / "keys" / "kek"
    key.unlink()
    assert "is missing" in problem_of(settings).value
    assert not key.exists()


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b"not a key\n", 0o600, "is damaged"),
        (b"\xff\n", 0o600, "is damaged"),
        (b"", 0o600, "is damaged"),
        (None, 0o644, "lets other users read"),
    ],
)
def test_a_damaged_or_open_key_is_refused(tmp_path: Path, content: bytes | None, mode: int, says: str):
    settings = school_settings(tmp_path / "state")
    open_store(settings, TurnedClock()).store.close()
    key = settings.state_folder / "keys" / "kek"
    if content is not None:
        key.write_bytes(content)
    key.chmod(mode)
    assert says in problem_of(settings).value


def test_the_key_comes_from_systemd_where_it_gives_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = school_settings(tmp_path / "state")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mailguard-kek").write_bytes(Fernet.generate_key())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    open_store(settings, TurnedClock()).store.close()
    assert not (settings.state_folder / "keys").exists()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert "is missing" in problem_of(settings).value


def test_a_rotated_key_opens_what_the_old_one_wrapped(tmp_path: Path):
    settings = school_settings(tmp_path / "state")
    school = open_school(settings)
    blob_id = school.opened.blobs.put(b"raw")
    school.opened.store.close()
    key = settings.state_folder / "keys" / "kek"
    key.write_bytes(Fernet.generate_key() + b"\n" + key.read_bytes())
    school = open_school(settings)
    assert isinstance(school.opened.blobs, BlobFiles)
    assert school.opened.blobs.get(blob_id) == b"raw"
    school.opened.store.close()


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path):
    settings = school_settings(tmp_path / "state")
    settings.state_folder.mkdir()
    path = settings.state_folder / SQLITE_NAME
    path.write_bytes(b"this is a letter, not a database" * 64)
    problem = problem_of(settings)
    assert (problem.file, problem.key) == (str(path), "store")
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_folder_that_cannot_be_made_or_written_is_named(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    problem = problem_of(school_settings(blocked / "state"))
    assert (problem.file, problem.key) == (str(blocked / "state"), "--state")


def test_a_nearly_full_disk_is_named_with_what_is_wanted(tmp_path: Path):
    settings = replace(school_settings(tmp_path / "state"), min_free_bytes=1 << 60)
    assert problem_of(settings).key == "free space"


def test_a_store_that_must_exist_is_not_begun(tmp_path: Path):
    settings = replace(school_settings(tmp_path / "state"), may_make=False)
    assert problem_of(settings).value == "does not exist"
    assert not settings.state_folder.exists()


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    url = "postgresql://mailguard:hush@127.0.0.1:1/none"
    problem = problem_of(school_settings(tmp_path / "state", url=url))
    assert "hush" not in str(problem)
    assert "cannot be opened" in problem.value
    assert problem_of(school_settings(tmp_path / "state", url="mysql://x/y")).key == "store.url"


def test_a_school_id_that_is_none_is_refused(tmp_path: Path):
    assert problem_of(school_settings(tmp_path / "state", school="St Oswin's")).key == "school.id"


def test_a_state_folder_may_have_odd_letters_in_its_name(tmp_path: Path):
    settings = school_settings(tmp_path / "50% of the school's #state?")
    open_store(settings, TurnedClock()).store.close()
    assert os.listdir(settings.state_folder)
    with sqlite3.connect(settings.state_folder / SQLITE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    connection.close()


def test_on_a_nearly_full_disk_a_store_opens_to_read_and_to_nothing_else(settings: StoreSettings):
    school = open_school(settings)
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    school.opened.store.close()
    full = replace(settings, min_free_bytes=1 << 60)
    problem = problem_of(full)
    assert (problem.key, "only read still work" in problem.fix) == ("free space", True)
    reader = open_school(replace(full, only_reads=True))
    with reader.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    assert reader.opened.blobs.get(message.blob_id) == opening().raw
    assert reader.opened.store.is_sound()
    assert reader.trail.verify().is_intact
    for write in (reader.trail.checkpoint, lambda: reader.opened.blobs.put(b"x")):
        with pytest.raises(TemporaryFailure):
            write()
    reader.opened.store.close()


def test_a_store_with_migrations_to_come_is_brought_forward_before_it_is_read(settings: StoreSettings):
    settings.state_folder.mkdir()
    if not settings.url:
        # As a first start that was killed before its migrations leaves it.
        (settings.state_folder / SQLITE_NAME).touch()
    only_reads = replace(settings, only_reads=True)
    assert problem_of(replace(only_reads, min_free_bytes=1 << 60)).key == "free space"
    opened = open_store(only_reads, TurnedClock())
    assert opened.store.schema == latest_schema()
    opened.store.close()


def test_to_read_a_store_none_is_begun(tmp_path: Path):
    settings = replace(school_settings(tmp_path / "state"), only_reads=True)
    assert problem_of(settings).value == "does not exist"
    assert not settings.state_folder.exists()
