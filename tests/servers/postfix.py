"""A private Postfix, as an MTA around mailguard: before it (`after`, `before`) or alone (`plain`).

after   client → Postfix → queue → filter → reinjection port → next hop   (content_filter)
before  client → Postfix → filter → reinjection port → 250 to the client  (smtpd_proxy_filter)
plain   client → Postfix → next hop
"""

import contextlib
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.servers.process import (
    HOST,
    free_port,
    is_listening,
    require_program,
    require_root,
    server_folder,
    stop_process,
    wait_until,
    wait_until_ready,
)

Mode = Literal["after", "before", "plain"]

_PRIVATE_QUEUES = (
    "active", "bounce", "corrupt", "defer", "deferred", "flush",
    "hold", "incoming", "private", "saved", "trace",
)  # fmt: skip
# What any instance needs: name, type, private, unprivileged, chroot, wakeup, process limit, program.
_SERVICES = """
pickup     unix        n  -  n  60     1  pickup
cleanup    unix        n  -  n  -      0  cleanup
qmgr       unix        n  -  n  300    1  qmgr
tlsmgr     unix        -  -  n  1000?  1  tlsmgr
rewrite    unix        -  -  n  -      -  trivial-rewrite
bounce     unix        -  -  n  -      0  bounce
defer      unix        -  -  n  -      0  bounce
trace      unix        -  -  n  -      0  bounce
verify     unix        -  -  n  -      1  verify
flush      unix        n  -  n  1000?  0  flush
proxymap   unix        -  -  n  -      -  proxymap
proxywrite unix        -  -  n  -      1  proxymap
smtp       unix        -  -  n  -      -  smtp
lmtp       unix        -  -  n  -      -  lmtp
showq      unix        n  -  n  -      -  showq
error      unix        -  -  n  -      -  error
retry      unix        -  -  n  -      -  error
discard    unix        -  -  n  -      -  discard
anvil      unix        -  -  n  -      1  anvil
scache     unix        -  -  n  -      1  scache
postlog    unix-dgram  n  -  n  -      1  postlogd
"""


@dataclass(slots=True)
class PostfixServer:
    """A running instance. Send to `smtp_port`; a filter hands back to `reinject_port`."""

    mode: Mode
    folder: Path
    smtp_port: int
    reinject_port: int
    master_pid: int
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """Everything Postfix has logged."""
        path = self.folder / "log" / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def queue(self) -> list[dict[str, Any]]:
        """The queued messages, as ``postqueue -j`` describes them."""
        lines = self._run("postqueue", "-j").splitlines()
        return [json.loads(line) for line in lines]

    def flush(self) -> None:
        """Try every deferred message now."""
        self._run("postqueue", "-f")

    def wait_until_queue_is_empty(self, seconds: float = 20.0) -> None:
        wait_until(lambda: not self.queue(), "the queue is empty", seconds)

    def stop(self) -> None:
        """End it; safe to call twice. Queued mail stays in its folder until the fixture ends."""
        stop_process(self.process, self.master_pid)

    def _run(self, program: str, *arguments: str) -> str:
        return subprocess.run(
            [f"/usr/sbin/{program}", "-c", str(self.folder / "etc"), *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout


@contextlib.contextmanager
def run_postfix(
    mode: Mode,
    *,
    next_hop: str,
    filter_port: int | None = None,
    reinject_port: int | None = None,
    settings: Mapping[str, str] | None = None,
    services: Callable[[int], str] | None = None,
) -> Iterator[PostfixServer]:
    """Postfix in `mode` with `next_hop` (such as ``smtp:[127.0.0.1]:2500``) as its final transport.

    `settings` are main.cf lines that win over ours. `after` and `before` need `filter_port`. A filter that
    must know its way back before Postfix runs takes a `free_port()` and passes it as `reinject_port`.
    `services`: of the port for clients, the master.cf lines in place of ours for `mode`.
    """
    require_root("postfix")
    require_program("/usr/sbin/postfix")
    if mode != "plain" and filter_port is None:
        raise ValueError(f"mode {mode!r} needs filter_port")
    smtp_port = free_port()
    reinject_port = free_port() if reinject_port is None else reinject_port
    with server_folder("pf") as folder:
        for name in ("etc", "spool", "data", "log"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "data", "postfix")
        (folder / "data").chmod(0o700)
        _make_queue(folder / "spool")
        main = _main_settings(folder, next_hop) | dict(settings or {})
        (folder / "etc" / "main.cf").write_text(
            "".join(f"{name} = {value}\n" for name, value in main.items())
        )
        lines = (
            _SERVICES.strip() + "\n" + services(smtp_port)
            if services is not None
            else _master_lines(mode, smtp_port, filter_port, reinject_port)
        )
        (folder / "etc" / "master.cf").write_text(lines)
        for name in ("main.cf", "master.cf"):
            # Postfix waits until a file of its settings is two seconds old.
            os.utime(folder / "etc" / name, (0, 0))
        with (folder / "log" / "start").open("wb") as output:
            process = subprocess.Popen(
                ["/usr/sbin/postfix", "-c", str(folder / "etc"), "start-fg"],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": os.environ.get("LANG", "C")},
            )

        def everything_said() -> str:
            return "".join(path.read_text(errors="replace") for path in sorted((folder / "log").iterdir()))

        master_pid = process.pid
        try:
            for port in (smtp_port,) if mode == "plain" else (smtp_port, reinject_port):
                wait_until_ready(process, functools.partial(is_listening, port), everything_said)
            master_pid = int((folder / "spool" / "pid" / "master.pid").read_text())
            yield PostfixServer(
                mode=mode,
                folder=folder,
                smtp_port=smtp_port,
                reinject_port=reinject_port,
                master_pid=master_pid,
                process=process,
            )
        finally:
            stop_process(process, master_pid)


def _make_queue(spool: Path) -> None:
    """What ``postfix check`` would make in two seconds; the marker file tells ``start-fg`` to skip it."""
    (spool / "pid").mkdir(mode=0o755)
    for name in _PRIVATE_QUEUES:
        (spool / name).mkdir(mode=0o700)
        shutil.chown(spool / name, "postfix")
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        (spool / name).mkdir()
        (spool / name).chmod(mode)
        shutil.chown(spool / name, "postfix", "postdrop")
    (spool / "quick-start").touch()


def _main_settings(folder: Path, next_hop: str) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/spool",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/log/maillog",
        "maillog_file_prefixes": str(folder),
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        # It relays for loopback, is the final destination of nothing and never asks the DNS.
        "myhostname": "mta.school.test",
        "myorigin": "school.test",
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "alias_database": "",
        "inet_interfaces": HOST,
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "default_transport": next_hop,
        "relay_transport": next_hop,
        "smtp_host_lookup": "native",
        "smtp_dns_support_level": "disabled",
        "smtpd_peername_lookup": "no",
        "smtpd_tls_security_level": "none",
        "smtp_tls_security_level": "none",
        "message_size_limit": "52428800",
        "mailbox_size_limit": "0",
        # One recipient a transaction to the filter: its one reply then speaks for one recipient (DESIGN).
        "scan_destination_recipient_limit": "1",
        "scan_destination_concurrency_limit": "20",
        # No throttles between a test and its server.
        "smtpd_client_connection_count_limit": "0",
        "smtpd_client_connection_rate_limit": "0",
        "smtpd_client_message_rate_limit": "0",
        "smtpd_error_sleep_time": "0",
        "in_flow_delay": "0",
        # A retry within a test's patience.
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "maximal_queue_lifetime": "1h",
        "bounce_queue_lifetime": "1h",
    }


def _master_lines(mode: Mode, smtp_port: int, filter_port: int | None, reinject_port: int) -> str:
    def listener(port: int, *options: str) -> str:
        return "\n  ".join([f"{HOST}:{port} inet n - n - - smtpd", *(f"-o {option}" for option in options)])

    lines = [_SERVICES.strip()]
    match mode:
        case "plain":
            lines.append(listener(smtp_port))
        case "after":
            lines.append(
                listener(
                    smtp_port,
                    f"content_filter=scan:[{HOST}]:{filter_port}",
                    "receive_override_options=no_address_mappings",
                )
            )
            # XFORWARD tells the filter the real client; the message itself is passed as it came.
            lines.append(
                "scan unix - - n - 20 smtp\n"
                "  -o smtp_send_xforward_command=yes\n"
                "  -o disable_mime_output_conversion=yes"
            )
        case "before":
            lines.append(
                listener(smtp_port, f"smtpd_proxy_filter={HOST}:{filter_port}", "smtpd_proxy_timeout=60s")
            )
    if mode != "plain":
        lines.append(
            listener(
                reinject_port,
                "syslog_name=postfix/reinject",
                "content_filter=",
                "smtpd_proxy_filter=",
                "receive_override_options=no_unknown_recipient_checks,no_header_body_checks",
                "smtpd_authorized_xforward_hosts=127.0.0.0/8",
            )
        )
    return "\n".join(lines) + "\n"
