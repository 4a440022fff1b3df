"""A name server on a loopback UDP port: the records it is given, nothing else, and silence on request."""

import socket
import threading
from collections.abc import Mapping
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from tests.servers.process import HOST


class SmallDns:
    """``SmallDns({("example.test", "TXT"): ['"v=spf1 -all"']})``; ``resolver`` asks it and nobody else.

    Names in ``silent`` are never answered, as when a name server is down.
    """

    def __init__(self, records: Mapping[tuple[str, str], list[str]] | None = None) -> None:
        self.records = dict(records or {})
        self.silent: set[str] = set()
        self.questions: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._thread = threading.Thread(target=self._serve, name="small-dns", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    @property
    def resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [HOST]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(4096)
            if not packet:
                return
            try:
                query = dns.message.from_wire(packet)
            except dns.exception.DNSException:
                continue
            answer = self._answer(query)
            if answer is not None:
                self._socket.sendto(answer.to_wire(max_size=4096), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions.append(name)
        if name in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        texts = self.records.get((name, kind))
        if texts is not None:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
