"""DKIM, SPF and DMARC checked by mailguard itself, where no MTA has done so yet (before the queue).

Keys and policies are fetched asynchronously, all at once; signatures and SPF are worked out in a thread.
Everything ends by one deadline; what DNS has not said by then is ``none``: silence is no evidence.

SECURITY: the message is hostile. Signatures are bounded in number and the message in size; libraries may
raise anything on malformed input, which is then no pass. A signature with ``l=`` never passes: text may be
appended to what it covers. A client in our own networks has no public identity to check: all is ``none``.
Source: RFC 6376, RFC 7208, RFC 7489; ENGINEERING.md "sender authentication".
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import dkim
import dns.asyncresolver
import dns.exception
import dns.resolver
import spf
from publicsuffixlist import PublicSuffixList

from mailguard.adapters.authentication_header import HeaderBlock, Signature, to_ascii
from mailguard.adapters.smtp_settings import IPNetwork, is_within
from mailguard.domain.message import Authentication, AuthenticationResult, DkimSignature
from mailguard.reading.dkim_signature import tag_list

PASS, FAIL, NONE = AuthenticationResult.PASS, AuthenticationResult.FAIL, AuthenticationResult.NONE

Result = TypeVar("Result")

AUTHSERV_ID = "mailguard"
_LARGEST_VERIFIED_BYTES = 10_485_760
_SPF_THREADS = 8
_DKIM_THREADS = 2
_LONGEST_KEY = 8192

# Addresses that no public SPF record speaks of: loopback, link-local, RFC 1918 and RFC 4193.
PRIVATE_NETWORKS: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
        "::1/128", "fe80::/10", "fc00::/7",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _DmarcPolicy:
    is_strict_dkim: bool
    is_strict_spf: bool


class DnsAuthentication:
    """Verifies one message at a time, any number concurrently.

    ``resolver`` says which name servers to ask; ``seconds`` bounds a verification.
    """

    def __init__(
        self,
        *,
        resolver: dns.resolver.Resolver,
        seconds: float = 5.0,
        own_networks: tuple[IPNetwork, ...] = PRIVATE_NETWORKS,
    ) -> None:
        self._resolver = resolver
        self._async_resolver = dns.asyncresolver.Resolver(configure=False)
        self._async_resolver.nameservers = list(resolver.nameservers)
        self._async_resolver.port = resolver.port
        # SPF waits for name servers that a sender may have chosen: it must not keep signatures waiting.
        self._spf_threads = ThreadPoolExecutor(_SPF_THREADS, thread_name_prefix="spf")
        self._dkim_threads = ThreadPoolExecutor(_DKIM_THREADS, thread_name_prefix="dkim")
        self._seconds = seconds
        self._own_networks = own_networks
        self._suffixes = PublicSuffixList()

    def close(self) -> None:
        """Begin nothing more; what still waits for DNS ends by its own deadline."""
        self._spf_threads.shutdown(wait=False, cancel_futures=True)
        self._dkim_threads.shutdown(wait=False, cancel_futures=True)

    async def verify(self, raw: bytes, *, client_ip: str, helo: str, mail_from: str) -> Authentication:
        """What can be said of the domain of header From. Never raises for what a message or DNS does."""
        if not client_ip or is_within(client_ip, self._own_networks):
            return Authentication(authserv_id=AUTHSERV_ID)
        deadline = time.monotonic() + self._seconds
        header = HeaderBlock.read(raw)
        from_domains = header.from_domains()
        signatures = header.signatures() if len(raw) <= _LARGEST_VERIFIED_BYTES else ()
        loop = asyncio.get_running_loop()
        spf_call = loop.run_in_executor(
            self._spf_threads, self._check_spf, client_ip, helo, mail_from, deadline
        )
        texts = await self._fetch(
            {signature.key_name for signature in signatures}
            | {f"_dmarc.{name}" for domain in from_domains for name in self._policy_domains(domain)}
        )
        dkim_call = loop.run_in_executor(self._dkim_threads, _check_signatures, raw, signatures, texts)
        dkim_results = await _within(dkim_call, deadline, default={})
        spf_result = await _within(spf_call, deadline, default=NONE)
        spf_domain = to_ascii(mail_from.rpartition("@")[2] or helo)
        said = self._combine(from_domains, texts, dkim_results, spf_result, spf_domain)
        return replace(said, signatures=_evidence(signatures, texts, dkim_results))

    async def _fetch(self, names: set[str]) -> Mapping[str, tuple[bytes, ...] | None]:
        """TXT records by name: () when DNS says there are none, None when it said nothing."""

        async def fetch(name: str) -> tuple[bytes, ...] | None:
            try:
                answer = await self._async_resolver.resolve(
                    name, "TXT", lifetime=self._seconds * 0.6, raise_on_no_answer=False, search=False
                )
            except dns.resolver.NXDOMAIN:
                return ()
            except (dns.exception.DNSException, OSError, UnicodeError):
                return None
            return tuple(b"".join(record.strings) for record in answer)

        ordered = sorted(names)
        return dict(zip(ordered, await asyncio.gather(*map(fetch, ordered)), strict=True))

    def _check_spf(self, client_ip: str, helo: str, mail_from: str, deadline: float) -> AuthenticationResult:
        seconds = deadline - time.monotonic()
        if seconds <= 0 or not (mail_from or helo):
            return NONE
        try:
            query = _SpfQuery(client_ip, mail_from, helo, resolver=self._resolver, deadline=deadline)
            result = query.check()[0]
        except Exception:  # pyspf raises whatever a hostile record or name makes it raise
            return NONE
        return {"pass": PASS, "fail": FAIL}.get(result, NONE)

    def _organisation(self, domain: str) -> str:
        return self._suffixes.privatesuffix(domain) or domain

    def _policy_domains(self, domain: str) -> tuple[str, ...]:
        organisation = self._organisation(domain)
        return (domain,) if organisation == domain else (domain, organisation)

    def _is_aligned(self, identity: str, from_domain: str, *, is_strict: bool) -> bool:
        if is_strict:
            return identity == from_domain
        return bool(identity) and self._organisation(identity) == self._organisation(from_domain)

    def _combine(
        self,
        from_domains: tuple[str, ...],
        texts: Mapping[str, tuple[bytes, ...] | None],
        dkim_results: Mapping[Signature, AuthenticationResult],
        spf_result: AuthenticationResult,
        spf_domain: str,
    ) -> Authentication:
        """Fold everything into one statement; with several From domains the worst of theirs."""
        each = [
            self._for_domain(domain, texts, dkim_results, spf_result, spf_domain) for domain in from_domains
        ]
        if not each:
            return Authentication(authserv_id=AUTHSERV_ID, spf=spf_result, spf_domain=spf_domain)
        overall_of = [one.overall for one in each]
        overall = FAIL if FAIL in overall_of else NONE if NONE in overall_of else PASS
        return next(one for one in each if one.overall is overall)

    def _for_domain(
        self,
        from_domain: str,
        texts: Mapping[str, tuple[bytes, ...] | None],
        dkim_results: Mapping[Signature, AuthenticationResult],
        spf_result: AuthenticationResult,
        spf_domain: str,
    ) -> Authentication:
        policy, is_silent = self._policy(from_domain, texts)
        strict_dkim = policy is not None and policy.is_strict_dkim
        strict_spf = policy is not None and policy.is_strict_spf
        aligned = {
            signature: result
            for signature, result in dkim_results.items()
            if self._is_aligned(signature.domain, from_domain, is_strict=strict_dkim)
        }
        spf_is_aligned = self._is_aligned(spf_domain, from_domain, is_strict=strict_spf)
        dkim_passed = next((signature for signature, result in aligned.items() if result is PASS), None)
        any_pass = next((signature for signature, result in dkim_results.items() if result is PASS), None)
        has_pass = dkim_passed is not None or (spf_is_aligned and spf_result is PASS)
        keys_unknown = any(texts.get(signature.key_name) is None for signature in aligned)
        dmarc = NONE
        if policy is not None:
            # A key that DNS did not hand over may yet have verified: that is no failure.
            dmarc = PASS if has_pass else NONE if keys_unknown else FAIL
        if dmarc is not NONE:
            overall = dmarc
        elif has_pass:
            overall = PASS
        elif is_silent or keys_unknown:
            overall = NONE
        else:
            overall = FAIL if spf_result is FAIL or FAIL in aligned.values() else NONE
        shown = dkim_passed or any_pass or next(iter(dkim_results), None)
        return Authentication(
            overall=overall,
            dmarc=dmarc,
            dkim=dkim_results[shown] if shown is not None else NONE,
            spf=spf_result,
            authserv_id=AUTHSERV_ID,
            header_from_domain=from_domain,
            dkim_domain=shown.domain if shown is not None else "",
            spf_domain=spf_domain,
        )

    def _policy(
        self, from_domain: str, texts: Mapping[str, tuple[bytes, ...] | None]
    ) -> tuple[_DmarcPolicy | None, bool]:
        """The DMARC record that applies, and whether DNS was silent about one that might."""
        for name in self._policy_domains(from_domain):
            records = texts.get(f"_dmarc.{name}")
            if records is None:
                return None, True
            policies = [
                record for record in records if record.lower().replace(b" ", b"").startswith(b"v=dmarc1")
            ]
            if len(policies) == 1:
                tags = tag_list(policies[0].decode("utf-8", "replace").lower())
                return _DmarcPolicy(tags.get("adkim") == "s", tags.get("aspf") == "s"), False
        return None, False


def _check_signatures(
    raw: bytes, signatures: tuple[Signature, ...], texts: Mapping[str, tuple[bytes, ...] | None]
) -> dict[Signature, AuthenticationResult]:
    """Each signature's result with the keys already fetched. CPU-bound: call it in a thread."""

    def key(name: bytes, timeout: float = 0) -> bytes | None:
        records = texts.get(name.decode("ascii", "replace").rstrip(".").lower()) or ()
        return records[0] if records else None

    results = {}
    for signature in signatures:
        if texts.get(signature.key_name) is None or signature.is_partial:
            results[signature] = NONE
            continue
        try:
            verified = dkim.DKIM(raw).verify(signature.index, dnsfunc=key)
        except Exception:  # dkimpy raises whatever malformed mail makes it raise
            results[signature] = FAIL
            continue
        results[signature] = PASS if verified else FAIL
    return results


def _evidence(
    signatures: tuple[Signature, ...],
    texts: Mapping[str, tuple[bytes, ...] | None],
    results: Mapping[Signature, AuthenticationResult],
) -> tuple[DkimSignature, ...]:
    """Each signature with its key as DNS gave it now: years later it may give none."""

    def key(signature: Signature) -> str | None:
        records = texts.get(signature.key_name)
        if records is None:
            return None
        return records[0][:_LONGEST_KEY].decode("utf-8", "replace") if records else ""

    return tuple(
        DkimSignature(
            domain=each.domain,
            selector=each.selector,
            algorithm=each.algorithm,
            body_hash=each.body_hash,
            is_partial=each.is_partial,
            result=results.get(each, NONE),
            key=key(each),
        )
        for each in signatures
    )


class _SpfQuery(spf.query):
    """pyspf asking our name servers, by our deadline, instead of the system's resolver."""

    def __init__(
        self, client_ip: str, mail_from: str, helo: str, *, resolver: dns.resolver.Resolver, deadline: float
    ) -> None:
        super().__init__(i=client_ip, s=mail_from, h=helo, strict=True)
        self._our_resolver = resolver
        self._deadline = deadline

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[object]:
        """Records in pyspf's shape; [] when there are none, counted as void (RFC 7208 4.6.4)."""
        wanted = str(name).rstrip(".").lower()
        known = self.cache.get((wanted, qtype))
        if known:
            return list(known)
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise spf.TempError("DNS: out of time")
        records: list[object] = []
        try:
            answer = self._our_resolver.resolve(wanted, qtype, lifetime=seconds, search=False)
            records = [_spf_shape(record, qtype) for record in answer]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            pass
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise spf.TempError(f"DNS: {type(error).__name__}") from error
        self.cache[(wanted, qtype)] = records
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} void look-ups")
        return records


def _spf_shape(record: Any, qtype: str) -> object:
    match qtype:
        case "A" | "AAAA":
            return record.address
        case "MX":
            return record.preference, record.exchange.to_text(True)
        case "PTR":
            return record.target.to_text(True)
        case _:
            return record.strings


async def _within(call: asyncio.Future[Result], deadline: float, *, default: Result) -> Result:
    """The call's result, or ``default`` at the deadline; the thread is left to end by itself."""
    done, _ = await asyncio.wait({call}, timeout=max(0.0, deadline - time.monotonic()))
    return call.result() if done else default
