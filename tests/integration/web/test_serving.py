"""The page on a socket: whose word on the client counts, TLS of its own, and an end that waits for nobody."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mailguard.web.serving import ListenSettings, ReviewServer

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


async def say_who(request: Request) -> PlainTextResponse:
    assert request.client is not None
    return PlainTextResponse(f"{request.client.host} {request.url.scheme}")


@contextlib.contextmanager
def serving(**settings: object) -> Iterator[ReviewServer]:
    app = Starlette(routes=[Route("/", say_who)])
    server = ReviewServer(app, ListenSettings(host="127.0.0.1", port=0, **settings))  # type: ignore[arg-type]
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(url: str, *, context: ssl.SSLContext | None = None) -> tuple[str, str]:
    request = urllib.request.Request(url, headers=FORWARDED)
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return answer.read().decode(), str(answer.headers)


def test_anybodys_word_on_who_they_are_counts_for_nothing():
    with serving() as server:
        said, headers = ask(f"http://127.0.0.1:{server.port}/")
    assert said == "127.0.0.1 http"
    assert "uvicorn" not in headers


@pytest.mark.parametrize("proxies", [("127.0.0.1",), ("127.0.0.0/8",)])
def test_a_trusted_proxys_word_counts(proxies: tuple[str, ...]):
    with serving(trusted_proxies=proxies) as server:
        assert ask(f"http://127.0.0.1:{server.port}/")[0] == "203.0.113.9 https"


def test_another_networks_proxy_is_not_trusted():
    with serving(trusted_proxies=("192.0.2.0/24",)) as server:
        assert ask(f"http://127.0.0.1:{server.port}/")[0] == "127.0.0.1 http"


def test_with_a_certificate_it_does_tls_itself(tmp_path: Path):
    certificate, key = make_certificate(tmp_path)
    with serving(certificate=certificate, key=key) as server:
        context = ssl.create_default_context(cafile=str(certificate))
        assert ask(f"https://127.0.0.1:{server.port}/", context=context)[0] == "127.0.0.1 https"


def test_a_port_that_is_taken_is_an_error_at_once():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        server = ReviewServer(Starlette(), ListenSettings(host="127.0.0.1", port=port))
        with pytest.raises(OSError, match="in use"):
            server.start()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "review.example")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, key_path = folder / "review.crt", folder / "review.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key_path
