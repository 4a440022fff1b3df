"""One relay worker with a gate that lets everything pass: ``python -m tests.servers.relay_worker PORT``."""

import asyncio
import os
import sys

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.relay_workers import run_worker
from mailguard.adapters.smtp_in import RelayServer
from mailguard.adapters.smtp_settings import HostPort, RelaySettings
from tests.relay import MARK_KEY, FakeGate
from tests.servers.process import HOST


class ForgetfulGate(FakeGate):
    """Keeps no message, so that what the process holds is the relay's."""

    def judge(self, *arguments, **options):
        judgement = super().judge(*arguments, **options)
        self.judged.clear()
        return judgement

    def count(self, judgement) -> None:
        self.counted.clear()


def main() -> None:
    settings = RelaySettings(next_hop=HostPort(HOST, int(sys.argv[1])), drain_seconds=5.0)
    server = RelayServer(settings, gate=ForgetfulGate(), mark_key=MARK_KEY, clock=SystemClock())
    asyncio.run(run_worker(server, os.environ))


if __name__ == "__main__":
    main()
