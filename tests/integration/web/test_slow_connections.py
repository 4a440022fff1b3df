"""Real sockets that dawdle: each is dropped in time, and however many there are, an honest browser is answered."""

import contextlib
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mailguard.web.serving import ListenSettings, ReviewServer
from mailguard.web.slow_connections import ConnectionBounds
from tests.integration.web.test_serving import make_certificate

SHORT = ConnectionBounds(
    handshake_seconds=1.0, head_seconds=1.0, body_seconds=1.5, reader_seconds=1.0, closing_seconds=1.0
)
PATIENCE = 8.0  # what a loaded machine may need beyond a bound of a second
LARGE = 64 * 1024 * 1024


async def say(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def take(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def give(request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * LARGE)


@contextlib.contextmanager
def serving(
    bounds: ConnectionBounds, *, certificate: Path | None = None, key: Path | None = None
) -> Iterator[ReviewServer]:
    app = Starlette(
        routes=[Route("/", say), Route("/take", take, methods=["POST"]), Route("/give", give)],
    )
    settings = ListenSettings(host="127.0.0.1", port=0, certificate=certificate, key=key, bounds=bounds)
    server = ReviewServer(app, settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[ReviewServer]:
    with serving(SHORT) as started:
        yield started


def connect(server: ReviewServer, sends: bytes = b"") -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    opened.sendall(sends)
    return opened


def is_dropped(connection: socket.socket, *, dribble: bytes = b"", within: float = PATIENCE) -> bool:
    """Whether the server ends it, although ``dribble`` is sent again and again."""
    deadline = time.monotonic() + within
    connection.settimeout(0.2)
    while time.monotonic() < deadline:
        try:
            if dribble:
                connection.sendall(dribble)
            if connection.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return True
    return False


def read_until(connection: socket.socket, end: bytes) -> bytes:
    taken = b""
    while not taken.endswith(end) and (piece := connection.recv(65536)):
        taken += piece
    return taken


def is_answered(server: ReviewServer) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=PATIENCE) as answer:
        return bool(answer.read() == b"here")


def test_a_connection_that_says_nothing_is_dropped(server: ReviewServer):
    with connect(server) as silent:
        assert is_dropped(silent)


def test_headers_that_come_a_byte_at_a_time_are_not_waited_for(server: ReviewServer):
    with connect(server, b"GET / HTTP/1.1\r\nHost: a\r\nX: ") as slow:
        assert is_dropped(slow, dribble=b"x")


def test_a_second_request_on_one_connection_has_no_more_time_than_the_first(server: ReviewServer):
    with connect(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as slow:
        assert read_until(slow, b"here").endswith(b"here")
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert is_dropped(slow, dribble=b"x")


@pytest.mark.parametrize("request_line", [b"POST /take", b"GET /"])
def test_a_body_that_never_ends_is_not_waited_for_whether_anybody_reads_it_or_not(
    server: ReviewServer, request_line: bytes
):
    head = request_line + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    with connect(server, head) as slow:
        assert is_dropped(slow, dribble=b"x")


def test_an_answer_that_nobody_takes_is_not_kept_for_ever(server: ReviewServer):
    with connect(server, b"GET /give HTTP/1.1\r\nHost: a\r\n\r\n") as lazy:
        time.sleep(SHORT.reader_seconds + 2.5)
        # What the kernel still holds is read; the rest never comes.
        taken, deadline = 0, time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionResetError):
            while time.monotonic() < deadline and (piece := lazy.recv(1 << 20)):
                taken += len(piece)
        assert taken < LARGE


def test_who_reads_slowly_but_reads_gets_it_all(server: ReviewServer):
    with connect(server, b"GET /give HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as steady:
        taken = 0
        while piece := steady.recv(4 << 20):
            taken += len(piece)
            time.sleep(0.1)
        assert taken > LARGE


def test_a_form_within_the_time_is_taken_though_it_comes_in_pieces(server: ReviewServer):
    with connect(server, b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n") as slow:
        for _ in range(4):
            slow.sendall(b"x")
            time.sleep(0.1)
        assert read_until(slow, b"\r\n\r\n4").endswith(b"\r\n\r\n4")


def test_a_browser_that_keeps_its_connection_may_be_idle_between_pages(server: ReviewServer):
    with connect(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as kept:
        assert read_until(kept, b"here").endswith(b"here")
        time.sleep(SHORT.head_seconds + 1.0)
        kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_until(kept, b"here").endswith(b"here")


def test_hundreds_of_slow_connections_do_not_keep_anybody_out():
    """With the bounds of the installed site, whose times are far longer than this test."""
    with serving(ConnectionBounds()) as server, contextlib.ExitStack() as stack:
        for number in range(400):
            sends = b"GET / HTTP/1.1\r\nHost: a\r\nX: " if number % 2 else b""
            stack.enter_context(connect(server, sends))
            if number % 40 == 0:
                assert is_answered(server)
        assert is_answered(server)
        # The newest still wait: only as many went as had to.
        newest = connect(server, b"GET / HTTP/1.1\r\nHost: a\r\n")
        stack.enter_context(newest)
        newest.sendall(b"\r\n")
        assert read_until(newest, b"here").endswith(b"here")


def test_who_does_not_agree_on_tls_is_dropped(tmp_path: Path):
    certificate, key = make_certificate(tmp_path)
    with serving(SHORT, certificate=certificate, key=key) as server:
        with connect(server) as silent:
            assert is_dropped(silent)
        context = ssl.create_default_context(cafile=str(certificate))
        url = f"https://127.0.0.1:{server.port}/"
        with urllib.request.urlopen(url, timeout=PATIENCE, context=context) as answer:
            assert answer.read() == b"here"
