"""A private PostgreSQL on loopback: one cluster a test process, one database a test.

It does not fsync: a killed process loses nothing, and no test cuts the power.
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.process import (
    HOST,
    ServerMissing,
    free_port,
    require_root,
    server_folder,
    stop_process,
    wait_until_ready,
)

_USER = "mailguard"
_INSTALLED = Path("/usr/lib/postgresql")


@dataclass(slots=True)
class PostgresServer:
    """A running cluster; `new_database()` and `url()` are what tests want."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_database(self) -> str:
        """Create an empty database and return its name."""
        name = f"test{next(self._numbers)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Remove it, connections included."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, database: str) -> str:
        """The database as SQLAlchemy wants it."""
        return f"postgresql+psycopg://{_USER}@{HOST}:{self.port}/{database}"

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=HOST, port=self.port, user=_USER, dbname="postgres", autocommit=True
        ) as link:
            link.execute(statement)


def _program(name: str) -> str:
    """`name` of the newest PostgreSQL on this machine."""
    versions = sorted(_INSTALLED.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise ServerMissing(
            f"no {_INSTALLED}/*/bin/{name}: `make test` installs it (or `make test-packages` as root)"
        )
    return str(versions[-1])


@contextlib.contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """A new, empty cluster, run by the user postgres because the server refuses root."""
    require_root("initdb")
    initdb, postgres = _program("initdb"), _program("postgres")
    port = free_port()
    with server_folder("pg") as folder:
        shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        subprocess.run(
            [initdb, "--pgdata", str(data), "--username", _USER, "--auth", "trust", "--encoding", "UTF8",
             "--no-sync", "--no-instructions"],
            check=True,
            capture_output=True,
            user="postgres",
            group="postgres",
            extra_groups=[],
            cwd=folder,
            env=environment,
        )  # fmt: skip
        options = {
            "listen_addresses": HOST,
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 60,
            "shared_buffers": "32MB",
        }
        with (folder / "log").open("wb") as output:
            process = subprocess.Popen(
                [postgres, "-D", str(data), *(f"--{name}={value}" for name, value in options.items())],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                user="postgres",
                group="postgres",
                extra_groups=[],
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        server = PostgresServer(port=port, folder=folder, process=process)
        try:
            wait_until_ready(process, lambda: "ready to accept connections" in server.log(), server.log)
            yield server
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            stop_process(process, how=signal.SIGINT)
