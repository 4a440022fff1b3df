"""The second channel over a real local webhook, and over another smarthost."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mailguard.adapters.second_channel import AppriseChannel, SmarthostChannel
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from tests.effects_fixture import MovingClock, RememberingCourier, school_settings


class Webhook(HTTPServer):
    """Keeps what is posted; answers ``status``."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/notify"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.server.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the test's output."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_notice_arrives_at_a_webhook(webhook: Webhook) -> None:
    AppriseChannel([webhook.url]).notify("mailguard: report MG-2026-0001, level 5", "A report waits for you.")
    (post,) = webhook.posts
    assert post["title"] == "mailguard: report MG-2026-0001, level 5"
    assert post["message"] == "A report waits for you."


def test_a_webhook_that_says_no_is_a_temporary_failure(webhook: Webhook) -> None:
    webhook.status = 500
    with pytest.raises(TemporaryFailure, match="1 of 1"):
        AppriseChannel([webhook.url]).notify("title", "body")


def test_one_dead_service_does_not_silence_the_next(webhook: Webhook) -> None:
    with pytest.raises(TemporaryFailure, match="1 of 2"):
        AppriseChannel(["json://127.0.0.1:9/dead", webhook.url]).notify("title", "body")
    assert len(webhook.posts) == 1


def test_an_unknown_service_is_refused_without_repeating_the_url() -> None:
    with pytest.raises(ValueError, match="URL 1") as raised:
        AppriseChannel(["nosuchservice://secret-token"])
    assert "secret-token" not in str(raised.value)


def test_a_smarthost_channel_tries_every_address() -> None:
    courier = RememberingCourier(refusals={"one@mobile.test": PermanentFailure("550 no")})
    channel = SmarthostChannel(
        courier=courier,
        settings=school_settings(),
        addresses=["one@mobile.test", "two@mobile.test"],
        clock=MovingClock(),
    )
    with pytest.raises(TemporaryFailure, match="1 of 2"):
        channel.notify("title", "body")
    assert [message.rcpt_to for message in courier.sent] == ["two@mobile.test"]
