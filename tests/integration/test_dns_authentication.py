"""DKIM, SPF and DMARC against a real, small name server."""

import base64
import contextlib
import time
from collections.abc import Iterator

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.dns_authentication import DnsAuthentication
from mailguard.adapters.smtp_settings import FilterPosition
from mailguard.domain.message import Authentication, AuthenticationResult
from tests.relay import Client, FakeGate, run_relay
from tests.servers import CollectingNextHop, make_message
from tests.servers.dns import SmallDns

PASS, FAIL, NONE = AuthenticationResult.PASS, AuthenticationResult.FAIL, AuthenticationResult.NONE

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PUBLIC_KEY = base64.b64encode(
    _KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
_ED_KEY = ed25519.Ed25519PrivateKey.generate()
RAW = make_message(sender="Notices <notify@mail.bigsite.test>")


def txt(text: str) -> list[str]:
    """One TXT record, in strings of at most 255 bytes."""
    return [" ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))]


def signed(raw: bytes = RAW, domain: bytes = b"bigsite.test", **options: object) -> bytes:
    headers = [b"from", b"subject", b"date", b"message-id"]
    signature: bytes = dkim.sign(raw, b"s1", domain, PRIVATE_KEY, include_headers=headers, **options)
    return signature + raw


@pytest.fixture
def names() -> Iterator[SmallDns]:
    with SmallDns(
        {
            ("s1._domainkey.bigsite.test", "TXT"): txt(f"v=DKIM1; k=rsa; p={PUBLIC_KEY}"),
            ("s1._domainkey.other.test", "TXT"): txt(f"v=DKIM1; k=rsa; p={PUBLIC_KEY}"),
            ("_dmarc.bigsite.test", "TXT"): txt("v=DMARC1; p=reject"),
            ("bigsite.test", "TXT"): txt("v=spf1 ip4:192.0.2.1 include:_spf.bigsite.test mx -all"),
            ("_spf.bigsite.test", "TXT"): txt("v=spf1 ip4:192.0.2.2 ?all"),
            ("bigsite.test", "MX"): ["10 mx.bigsite.test."],
            ("mx.bigsite.test", "A"): ["192.0.2.3"],
            ("other.test", "TXT"): txt("v=spf1 ip4:192.0.2.1 -all"),
        }
    ) as server:
        yield server


@pytest.fixture
def authentication(names: SmallDns) -> Iterator[DnsAuthentication]:
    with contextlib.closing(DnsAuthentication(resolver=names.resolver, seconds=1.0)) as verifier:
        yield verifier


async def verify(
    authentication: DnsAuthentication,
    raw: bytes = RAW,
    *,
    client_ip: str = "198.51.100.9",
    mail_from: str = "bounce@bigsite.test",
) -> Authentication:
    return await authentication.verify(raw, client_ip=client_ip, helo="mx.bigsite.test", mail_from=mail_from)


async def test_an_aligned_signature_passes_dmarc_even_when_spf_fails(
    authentication: DnsAuthentication,
) -> None:
    stated = await verify(authentication, signed())
    assert (stated.overall, stated.dmarc, stated.dkim, stated.spf) == (PASS, PASS, PASS, FAIL)
    assert (stated.header_from_domain, stated.dkim_domain) == ("mail.bigsite.test", "bigsite.test")


@pytest.mark.parametrize("client_ip", ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
async def test_spf_passes_by_address_include_and_mx(
    authentication: DnsAuthentication, client_ip: str
) -> None:
    stated = await verify(authentication, client_ip=client_ip)
    assert (stated.overall, stated.dmarc, stated.dkim, stated.spf) == (PASS, PASS, NONE, PASS)


async def test_the_key_is_kept_as_dns_gave_it_and_proves_the_signature_when_dns_has_forgotten(
    authentication: DnsAuthentication,
) -> None:
    raw = signed()
    (kept,) = (await verify(authentication, raw)).signatures
    assert (kept.domain, kept.selector, kept.algorithm) == ("bigsite.test", "s1", "rsa-sha256")
    assert kept.result is PASS
    assert kept.key == f"v=DKIM1; k=rsa; p={PUBLIC_KEY}"
    key = kept.key.encode()
    assert dkim.DKIM(raw).verify(dnsfunc=lambda *_, **__: key)
    assert not dkim.DKIM(raw.replace(b"Subject: ", b"Subject: x")).verify(dnsfunc=lambda *_, **__: key)


async def test_no_key_in_dns_is_kept_as_such_and_silence_as_not_known(
    authentication: DnsAuthentication, names: SmallDns
) -> None:
    (gone,) = (await verify(authentication, signed(domain=b"nowhere.test"))).signatures
    assert gone.key == ""
    with contextlib.closing(DnsAuthentication(resolver=names.resolver, seconds=0.3)) as hurried:
        names.silent.add("s1._domainkey.bigsite.test")
        (unknown,) = (await verify(hurried, signed())).signatures
    assert unknown.key is None
    assert unknown.result is NONE


async def test_a_changed_body_fails(authentication: DnsAuthentication) -> None:
    stated = await verify(authentication, signed() + b"One more line.\r\n")
    assert (stated.overall, stated.dkim) == (FAIL, FAIL)


async def test_a_signature_of_another_domain_does_not_speak_for_from(
    authentication: DnsAuthentication,
) -> None:
    stated = await verify(
        authentication, signed(domain=b"other.test"), client_ip="192.0.2.1", mail_from="a@other.test"
    )
    assert (stated.overall, stated.dkim, stated.spf) == (FAIL, PASS, PASS)


async def test_a_signature_over_part_of_the_body_never_passes(authentication: DnsAuthentication) -> None:
    stated = await verify(authentication, signed(length=True) + b"Appended.\r\n")
    assert stated.dkim is NONE
    assert stated.overall is FAIL


async def test_ed25519_signatures_are_verified(authentication: DnsAuthentication, names: SmallDns) -> None:
    public = _ED_KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    names.records["ed._domainkey.bigsite.test", "TXT"] = txt(
        f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"
    )
    private = base64.b64encode(
        _ED_KEY.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
    )
    raw = (
        dkim.sign(
            RAW, b"ed", b"bigsite.test", private, signature_algorithm=b"ed25519-sha256",
            include_headers=[b"from", b"subject"],
        )
        + RAW
    )  # fmt: skip
    assert (await verify(authentication, raw)).dkim is PASS


async def test_strict_alignment_wants_the_same_domain(
    authentication: DnsAuthentication, names: SmallDns
) -> None:
    names.records["_dmarc.mail.bigsite.test", "TXT"] = txt("v=DMARC1; p=none; adkim=s; aspf=s")
    stated = await verify(authentication, signed(), client_ip="192.0.2.1")
    assert (stated.overall, stated.dkim, stated.spf) == (FAIL, PASS, PASS)


async def test_without_a_dmarc_record_an_aligned_pass_is_enough_and_a_hard_failure_fails(
    authentication: DnsAuthentication,
) -> None:
    raw = make_message(sender="a@other.test")
    passed = await verify(authentication, raw, client_ip="192.0.2.1", mail_from="a@other.test")
    assert (passed.overall, passed.dmarc) == (PASS, NONE)
    failed = await verify(authentication, raw, mail_from="a@other.test")
    assert (failed.overall, failed.dmarc) == (FAIL, NONE)
    nothing = await verify(authentication, raw, mail_from="a@unknown.test")
    assert nothing.overall is NONE


@pytest.mark.parametrize(
    "silent", ["s1._domainkey.bigsite.test", "_dmarc.bigsite.test", "_dmarc.mail.bigsite.test"]
)
async def test_when_dns_is_silent_nothing_is_held_against_a_message(
    authentication: DnsAuthentication, names: SmallDns, silent: str
) -> None:
    names.silent.add(silent)
    started = time.monotonic()
    stated = await verify(authentication, signed(), mail_from="a@unknown.test")
    assert time.monotonic() - started < 1.5
    assert stated.overall is not FAIL


async def test_a_forger_cannot_hide_behind_a_silent_domain_of_his_own(
    authentication: DnsAuthentication, names: SmallDns
) -> None:
    names.silent.add("s1._domainkey.forger.test")
    stated = await verify(authentication, signed(domain=b"forger.test"))
    assert stated.overall is FAIL


async def test_when_all_of_dns_is_silent_everything_is_none_and_time_is_bounded(names: SmallDns) -> None:
    names.silent.update({name for name, _ in names.records} | {"_dmarc.mail.bigsite.test"})
    with contextlib.closing(DnsAuthentication(resolver=names.resolver, seconds=0.5)) as authentication:
        started = time.monotonic()
        stated = await verify(authentication, signed())
        assert time.monotonic() - started < 1.0
    assert (stated.overall, stated.dmarc, stated.dkim, stated.spf) == (NONE, NONE, NONE, NONE)


@pytest.mark.parametrize("client_ip", ["127.0.0.1", "10.1.2.3", "::1", "", "nonsense"])
async def test_clients_without_a_public_address_get_no_spf_pass(
    authentication: DnsAuthentication, client_ip: str
) -> None:
    assert (await verify(authentication, client_ip=client_ip)).spf is NONE


async def test_with_several_from_domains_the_worst_counts(authentication: DnsAuthentication) -> None:
    raw = make_message(sender="a@mail.bigsite.test, b@other.test")
    stated = await verify(authentication, signed(raw), client_ip="198.51.100.1")
    assert (stated.overall, stated.header_from_domain) == (FAIL, "other.test")
    second = b"From: a@unsigned.test\r\n" + signed()
    assert (await verify(authentication, second)).overall is not PASS


@pytest.mark.parametrize(
    "header",
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; d=bigsite.test; s=s1; h=from; bh=AAAA; b=%%%\r\n",
        b"DKIM-Signature: \r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; c=x/y/z; d=bigsite.test; s=s1; h=; bh=; b=\r\n",
        b"DKIM-Signature: v=1; a=none; d=..; s=s1; t=abc; x=1; h=from; bh=AA==; b=AA==\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=bigsite.test; s=" + b"a." * 200 + b"b; h=from; bh=x; b=x\r\n",
    ],
)
async def test_malformed_signatures_are_no_pass(authentication: DnsAuthentication, header: bytes) -> None:
    stated = await verify(authentication, header + RAW)
    assert stated.dkim is not PASS
    assert stated.overall is not PASS


@given(raw=st.binary(max_size=400), mail_from=st.text(max_size=30))
async def test_any_bytes_can_be_verified(raw: bytes, mail_from: str) -> None:
    with (
        SmallDns() as names,
        contextlib.closing(DnsAuthentication(resolver=names.resolver, seconds=0.5)) as authentication,
    ):
        prefixed = b"From: " + raw[:50] + b"\r\nDKIM-Signature: v=1; d=a.test; s=b; " + raw
        stated = await verify(authentication, prefixed, mail_from=mail_from)
    assert stated.overall is not PASS


def test_before_the_queue_the_gate_is_told_what_was_verified(
    names: SmallDns, next_hop: CollectingNextHop
) -> None:
    gate = FakeGate()
    with contextlib.closing(DnsAuthentication(resolver=names.resolver, seconds=1.0)) as verifier:
        for position in FilterPosition:
            with (
                run_relay(gate, next_hop.port, verifier=verifier, position=position) as relay,
                Client(relay.port) as client,
            ):
                client.hello()
                client.say("XFORWARD NAME=mx.bigsite.test ADDR=192.0.2.3 HELO=mx.bigsite.test")
                assert client.deliver(
                    signed(), "teacher@school.test", mail_from="bounce@bigsite.test"
                ).startswith("250")
    after_queue, before_queue = gate.judged
    assert after_queue.verified is None
    assert before_queue.verified is not None
    assert (before_queue.verified.dkim, before_queue.verified.spf) == (PASS, PASS)
