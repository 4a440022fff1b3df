"""A private Dovecot 2.3: IMAP, LMTP, on request IMAPS; a maildir a user, a master user who may read all."""

import contextlib
import datetime
import functools
import ipaddress
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from imapclient import IMAPClient

from tests.servers.mail import deliver_by_lmtp
from tests.servers.process import (
    HOST,
    free_port,
    is_greeting,
    is_listening,
    require_program,
    require_root,
    server_folder,
    stop_process,
    wait_until,
    wait_until_ready,
)

QUARANTINE_FOLDER = "Quarantine"
_MAIL_UID = 5000
_SPARE_USERS = 1000
# What 2.3.19 announces after login; `imap_capability` replaces the whole line.
_CAPABILITIES = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS "
    "THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS "
    "LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS "
    "BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE"
)


@dataclass(slots=True)
class DovecotServer:
    """A running instance. ``new_user()`` gives each test a mailbox of its own."""

    folder: Path
    imap_port: int
    lmtp_port: int
    imaps_port: int | None
    certificate: Path | None
    master: tuple[str, str]
    passwords: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _spare_users: Iterator[str] = field(default_factory=lambda: iter(()))

    @property
    def transport(self) -> str:
        """Its LMTP port as Postfix names it: for ``default_transport``."""
        return f"lmtp:inet:{HOST}:{self.lmtp_port}"

    def new_user(self) -> str:
        """A user (password "pw") whom no other test has; mail to ``user@any.domain`` is theirs.

        Made in advance: Dovecot looks at its user file once a second at most, so might not know a new one.
        """
        return next(self._spare_users)

    def client(self, user: str) -> IMAPClient:
        """A logged-in IMAP connection of `user`; the caller closes it, best as a context manager."""
        client = self.anonymous_client()
        client.login(user, self.passwords[user])
        return client

    def master_client(self, user: str) -> IMAPClient:
        """A connection to the mailbox of `user`, logged in as the master user."""
        client = self.anonymous_client()
        client.login(f"{user}*{self.master[0]}", self.master[1])
        return client

    def anonymous_client(self) -> IMAPClient:
        client = IMAPClient(HOST, self.imap_port, ssl=False, timeout=30)
        # IMAPClient turns on imaplib's debugging, which formats every body it reads.
        client._imap.debug = 0
        return client

    def deliver(self, user: str, raw: bytes, mail_from: str = "sender@outside.test") -> None:
        """Put `raw` into the inbox of `user` through LMTP."""
        deliver_by_lmtp(self.lmtp_port, mail_from, [f"{user}@school.test"], raw)

    def messages(self, user: str, folder: str = "INBOX") -> dict[int, bytes]:
        """UID → whole message, without marking anything read."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            fetched = client.fetch(client.search(), ["BODY.PEEK[]"])
            return {uid: item[b"BODY[]"] for uid, item in fetched.items()}

    def kick(self, user: str) -> None:
        """Cut every connection of `user`, as a restarting server would."""
        self._doveadm("kick", user)

    def log(self) -> str:
        """Everything Dovecot has logged."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start it, or start it again after stop(): same ports, same mail."""
        with (self.folder / "start").open("wb") as output:
            self.process = subprocess.Popen(
                ["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

        def everything_said() -> str:
            return (self.folder / "start").read_text(errors="replace") + self.log()

        # Ended before its children are ready, Dovecot takes six seconds to go.
        for port in (self.imap_port, self.lmtp_port):
            wait_until_ready(self.process, functools.partial(is_greeting, port), everything_said)

    def stop(self) -> None:
        """End it and wait until its ports are closed; safe to call twice."""
        if self.process is not None:
            stop_process(self.process)
            self.process = None
            wait_until(lambda: not is_listening(self.imap_port), "the IMAP port is closed")

    def _doveadm(self, *arguments: str) -> None:
        subprocess.run(
            ["/usr/bin/doveadm", "-c", str(self.folder / "dovecot.conf"), *arguments],
            check=True,
            capture_output=True,
            timeout=20,
        )


@contextlib.contextmanager
def run_dovecot(
    *,
    users: Mapping[str, str] | None = None,
    master: tuple[str, str] = ("warden", "master-pw"),
    imaps: bool = False,
    without: frozenset[str] = frozenset(),
    extra_config: str = "",
) -> Iterator[DovecotServer]:
    """Dovecot with `users` (name → password) and a Quarantine folder each.

    `without` are capabilities it must not announce, such as MOVE or UIDPLUS. Dovecot still obeys them when a
    client does not look (and still sends COPYUID), so a test must also look at what the client did.
    """
    require_root("dovecot")
    require_program("/usr/sbin/dovecot")
    if unknown := without.difference(_CAPABILITIES.split()):
        raise ValueError(f"not capabilities of Dovecot 2.3: {sorted(unknown)}")
    with server_folder("dc") as folder:
        for name in ("run", "state", "mail"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "mail", _MAIL_UID, _MAIL_UID)
        server = DovecotServer(
            folder=folder,
            imap_port=free_port(),
            lmtp_port=free_port(),
            imaps_port=free_port() if imaps else None,
            certificate=_make_certificate(folder) if imaps else None,
            master=master,
        )
        spare = [f"teacher{number}" for number in range(1, _SPARE_USERS + 1)]
        server._spare_users = iter(spare)
        server.passwords = dict.fromkeys(spare, "pw") | dict(users or {})
        (folder / "users").write_text(
            "".join(
                f"{name}:{{PLAIN}}{password}:{_MAIL_UID}:{_MAIL_UID}::{folder}/mail/{name}::\n"
                for name, password in server.passwords.items()
            )
        )
        (folder / "masters").write_text(f"{master[0]}:{{PLAIN}}{master[1]}\n")
        (folder / "dovecot.conf").write_text(_configuration(server, without) + extra_config + "\n")
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _configuration(server: DovecotServer, without: frozenset[str]) -> str:
    folder = server.folder
    tls = "ssl = no"
    if server.certificate is not None:
        tls = f"ssl = yes\nssl_cert = <{server.certificate}\nssl_key = <{folder}/key.pem"
    capability = ""
    if without:
        announced = " ".join(name for name in _CAPABILITIES.split() if name not in without)
        capability = f"imap_capability = {announced}"
    return f"""\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = mailguard-{server.imap_port}
listen = {HOST}
protocols = imap lmtp
{tls}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/maildir
mailbox_list_index = yes
mail_fsync = never
mail_max_userip_connections = 500
mailbox_idle_check_interval = 1 secs
default_vsz_limit = 1G
passdb {{
  driver = passwd-file
  args = {folder}/masters
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Ln {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%Ln {folder}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {QUARANTINE_FOLDER} {{
    auto = create
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = {server.imaps_port or 0}
    ssl = yes
  }}
  service_count = 0
  client_limit = 600
  process_min_avail = 1
}}
service imap {{
  process_limit = 600
}}
service anvil {{
  client_limit = 4096
  # All tests are one address: one's wrong password must not delay another's login by up to fifteen seconds.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 4096
}}
service stats {{
  client_limit = 4096
}}
service lmtp {{
  inet_listener lmtp {{
    address = {HOST}
    port = {server.lmtp_port}
  }}
}}
protocol lmtp {{
  auth_username_format = %Ln
}}
protocol imap {{
  imap_idle_notify_interval = 2 mins
  {capability}
}}
"""


def _make_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost and 127.0.0.1, valid for a day; its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path = folder / "key.pem"
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path
