"""The throw-away school's IMAP server: pymap with a mailbox for each address, all in memory.

SECURITY: it listens on loopback only, without TLS; its mail is invented and gone when the demo ends.
"""

from __future__ import annotations

from argparse import Namespace
from asyncio import Server, start_server
from collections.abc import Iterable

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

HOST = "127.0.0.1"
# Guessing a password of this demo is worth nothing, and every delivery logs in: no slow hashing.
_HASH_ROUNDS = 10


class _QuickConfig(Config):
    """pymap's settings without its look-up of this machine's name in the DNS."""

    @property
    def greeting(self) -> bytes:
        return b"Throw-away school ready"


async def start_imap_server(addresses: Iterable[str], password: str) -> Server:
    """Listen on a free loopback port, with an INBOX for each address. Call it where the event loop runs."""
    arguments = Namespace(
        host=HOST,
        port=0,
        debug=False,
        cert=None,
        key=None,
        tls=False,
        passlib_cfg=None,
        proxy_protocol=None,
        demo_data=False,
        demo_user="nobody",
        demo_password=password,
    )
    config = _QuickConfig.from_args(
        arguments, hash_context=BuiltinHash(rounds=_HASH_ROUNDS), invalid_user_sleep=0.0
    )
    config.apply_context()
    login = Login(config)
    backend = DictBackend(login, config)
    hashed = await Passwords(config).hash_password(password)
    for address in addresses:
        await Identity(address, login, None, frozenset()).set(UserMetadata(config, address, password=hashed))
    proxy_reader = ProxyProtocolReader(config.proxy_protocol)
    return await start_server(proxy_reader.get_callback(IMAPServer(backend.login, config)), host=HOST, port=0)
