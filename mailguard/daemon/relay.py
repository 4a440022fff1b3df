"""The relay in the running system: served by this process, or by several over one listening socket."""

from __future__ import annotations

import asyncio
import os
import threading

import dns.resolver

from mailguard.adapters.dns_authentication import DnsAuthentication
from mailguard.adapters.relay_workers import RelayWorkers, inherited_socket, run_worker
from mailguard.adapters.smtp_in import RelayServer, listening_socket
from mailguard.adapters.smtp_settings import FilterPosition, RelaySettings
from mailguard.daemon.parts import Running
from mailguard.daemon.service_manager import END_SIGNALS, on_end_signals, tell_ready
from mailguard.daemon_settings import relay_settings


def serve_relay(running: Running, stopping: threading.Event, worker_command: list[str]) -> None:
    """Until told to end. ``worker_command`` starts one relay process of several."""
    settings = relay_settings(running.loaded)
    if settings.workers > 1:
        listening = inherited_socket(os.environ, pid=os.getpid()) or listening_socket(settings)
        workers = RelayWorkers(
            worker_command, count=settings.workers, listening=listening, drain_seconds=settings.drain_seconds
        )
        on_end_signals(stopping.set)
        tell_ready()
        workers.run(stopping)
        listening.close()
        return
    asyncio.run(_serve_here(running, settings))


def serve_as_worker(running: Running) -> None:
    """As one of several, until its parent tells it to end."""
    asyncio.run(run_worker(_relay_server(running, relay_settings(running.loaded)), os.environ))


async def _serve_here(running: Running, settings: RelaySettings) -> None:
    server = _relay_server(running, settings)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in END_SIGNALS:
        loop.add_signal_handler(number, ended.set)
    await server.start(inherited_socket(os.environ, pid=os.getpid()))
    tell_ready()
    await ended.wait()
    await server.stop()


def _relay_server(running: Running, settings: RelaySettings) -> RelayServer:
    section = running.loaded.config.authentication
    before_queue = settings.position is FilterPosition.BEFORE_QUEUE
    verifies = section.verify == "auto" and before_queue
    verifier = (
        DnsAuthentication(
            resolver=dns.resolver.Resolver(),
            seconds=section.dns_timeout_seconds,
        )
        if verifies
        else None
    )
    return RelayServer(
        settings, gate=running.edge, mark_key=running.mark_key, clock=running.parts.clock, verifier=verifier
    )
