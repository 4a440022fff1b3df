"""A log of an exception says where it happened and nothing of whose mail it was."""

from __future__ import annotations

import errno
import io
import json
import socket
import sqlite3
import ssl
from typing import Any, TextIO, cast

import pytest
import structlog

from mailguard.adapters.log_errors import cause_of, types_of, without_content
from mailguard.adapters.logs import Steadfast
from mailguard.app.ports import PermanentFailure

ADDRESS = "ella.bee@mail.example"


def fail() -> None:
    raw = f"From: {ADDRESS}"
    known: dict[str, str] = {}
    try:
        known[ADDRESS] += raw
    except KeyError as missing:
        raise TypeError(f"nothing known of {raw}") from missing


def logged(**more: Any) -> str:
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(file=out), processors=[without_content, structlog.processors.JSONRenderer()]
    )
    try:
        fail()
    except TypeError as problem:
        log.error("it_failed", **({"exc_info": True} | dict.fromkeys(more, problem)))
    return out.getvalue()


def test_neither_local_variables_nor_an_exceptions_words_reach_the_log() -> None:
    assert ADDRESS not in logged()
    assert ADDRESS not in logged(exc_info=None)


def test_the_log_says_which_exceptions_and_which_lines() -> None:
    chain = json.loads(logged())["exception"]
    assert [one["type"] for one in chain] == ["TypeError", "KeyError"]
    assert chain[0]["frames"][-1].endswith(" fail")


def test_an_event_without_an_exception_stays_as_it_is() -> None:
    assert without_content(None, "info", {"event": "ready", "exc_info": False}) == {"event": "ready"}
    assert without_content(None, "info", {"event": "ready"}) == {"event": "ready"}


def test_the_systems_own_words_of_a_full_disk_are_found_behind_other_failures() -> None:
    full = OSError(errno.ENOSPC, "held for a@b.example", "/var/lib/a@b.example")
    middle = ValueError("a@b.example")
    middle.__cause__ = full
    outer = RuntimeError("x")
    outer.__cause__ = middle
    assert cause_of(outer) == "No space left on device"
    assert cause_of(sqlite3.OperationalError("database or disk is full")) == "database or disk is full"
    assert cause_of(KeyError("a@b.example")) == ""


def test_a_servers_reply_is_told_by_its_codes_alone() -> None:
    refused = PermanentFailure(f"RCPT TO at mx:587: 550 5.1.1 <{ADDRESS}> unknown", reply="550 5.1.1")
    assert cause_of(refused) == "550 5.1.1"
    outer = RuntimeError(ADDRESS)
    outer.__cause__ = refused
    assert (cause_of(outer), types_of(outer)) == ("550 5.1.1", ["RuntimeError", "PermanentFailure"])


def test_numbers_of_resolver_and_openssl_are_not_read_as_the_systems() -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert cause_of(unknown) == "Name or service not known"
    incoming = ssl.MemoryBIO()
    incoming.write(b"220 mx.school.test speaks no TLS\r\n")
    tls = ssl.create_default_context().wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="mx.school.test")
    with pytest.raises(ssl.SSLError) as refused:
        tls.do_handshake()
    assert refused.value.errno == 1
    assert cause_of(refused.value) in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}


@pytest.mark.parametrize("number", ["x", 10**30, -3, 0, None])
def test_an_error_number_that_is_none_of_the_systems_says_nothing(number: object) -> None:
    assert cause_of(OSError(number, "y")) == ""


def test_a_log_on_a_full_disk_or_a_closed_file_loses_the_line_and_nothing_else() -> None:
    full = io.TextIOWrapper(io.FileIO("/dev/full", "w"))
    with pytest.raises(OSError, match="No space left"):
        structlog.PrintLogger(file=full).msg("lost")
    structlog.PrintLogger(file=cast("TextIO", Steadfast(full))).msg("lost too")
    full.detach()
    structlog.PrintLogger(file=cast("TextIO", Steadfast(full))).msg("and this")
    kept = io.StringIO()
    structlog.PrintLogger(file=cast("TextIO", Steadfast(kept))).msg("kept")
    assert kept.getvalue() == "kept\n"
