"""What was known of a sender at receipt: kept with the case, vouched for by the trail, shown in the evidence pack."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.evidence_verify import verify_pack
from mailguard.app.ports import Receipt
from mailguard.app.sender_check import TRAIL_FIELD, check_hash, sender_check, what_it_is_worth
from mailguard.domain.account import SiteRole
from mailguard.domain.message import Authentication, AuthenticationResult, DkimSignature, Envelope
from tests.schooling import PUPIL, TEACHER
from tests.web_site import WebSchool, letter, make_web_school

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"
SIGNED = (
    b"Authentication-Results: mx.hill.example; dkim=pass header.d=post.example header.s=sel1; spf=pass smtp.mailfrom=post.example\r\n"
    b"Authentication-Results: evil.example; dmarc=pass header.from=bank.example\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; d=post.example; s=sel1; h=from:subject; bh=AAAA=;\r\n b=BBBB=\r\n"
)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("sender-check")) as made:
        yield made


def received(school: WebSchool, raw: bytes, *, verified: Authentication | None = None) -> str:
    receipt = Receipt(
        via="relay", received_at=school.clock.now(), client_ip="192.0.2.7", helo="mx.post.example"
    )
    envelope = Envelope(mail_from=PUPIL, rcpt_tos=(TEACHER,))
    return school.gate.record(school.gate.judge(raw, envelope, receipt, verified=verified)).case_id


def kept(school: WebSchool, case_id: str) -> dict[str, Any]:
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    assert message.sender_check is not None
    return dict(message.sender_check)


def pack(school: WebSchool, case_id: str) -> dict[str, bytes]:
    form = {"case": case_id, "purpose": "police", "reason": "asked"}
    answer = school.client(SiteRole.HEAD).submit("/audit/pack", form)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_what_a_trusted_server_stated_is_kept_with_the_selector_and_without_a_key(school: WebSchool) -> None:
    check = kept(school, received(school, SIGNED + letter("hi sir", number=201)))
    assert check["checked_by"] == "mx.hill.example"
    assert (check["dkim"], check["spf"]) == ("pass", "pass")
    assert len(check["stated"]) == 1
    assert "evil.example" not in json.dumps(check)
    (signature,) = check["signatures"]
    assert (signature["domain"], signature["selector"], signature["algorithm"]) == (
        "post.example",
        "sel1",
        "rsa-sha256",
    )
    assert signature["key"] is None
    says = what_it_is_worth(check)
    assert "mx.hill.example" in says
    assert "made no DNS look-up" in says
    assert "no copy of the signer's public key" in says


def test_the_key_that_mailguard_was_given_by_dns_is_kept_with_its_own_result(school: WebSchool) -> None:
    signature = DkimSignature(
        domain="post.example",
        selector="sel1",
        algorithm="rsa-sha256",
        result=AuthenticationResult.PASS,
        key=KEY,
    )
    verified = Authentication(
        overall=AuthenticationResult.PASS,
        dkim=AuthenticationResult.PASS,
        authserv_id="mailguard",
        header_from_domain="post.example",
        signatures=(signature,),
    )
    check = kept(school, received(school, SIGNED + letter("hi again sir", number=202), verified=verified))
    assert check["checked_by"] == "mailguard"
    assert [each["key"] for each in check["signatures"]] == [KEY]
    assert "keeps it as it was given" in what_it_is_worth(check)


def test_the_pack_shows_it_and_the_trail_vouches_for_it(school: WebSchool, tmp_path: Path) -> None:
    case_id = received(school, SIGNED + letter("hi sir what is the homework", number=203))
    files = pack(school, case_id)
    case = json.loads(files["case.json"])
    check = case["messages"][0]["sender_check"]
    assert check == kept(school, case_id)
    with school.opened.store.reading() as transaction:
        opened = next(iter(transaction.audit.events(case_id=case_id)))
    assert opened.detail[TRAIL_FIELD] == check_hash(check)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "case-file.txt").write_text(_pdf_words(tmp_path / "case-file.pdf"))
    words = " ".join((tmp_path / "case-file.txt").read_text().split())
    assert "Sender check at receipt" in words
    assert "sel1._domainkey.post.example" in words
    assert "made no DNS look-up" in words
    (tmp_path / "case-file.txt").unlink()

    def by_program() -> str:
        key = str(school.site.trail.verifier_key)
        command = [sys.executable, "-I", "-S", "-B", str(tmp_path / "verify.py"), "--key", key]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={}).stdout

    assert by_program().startswith("ok    intact")
    case["messages"][0]["sender_check"]["signatures"][0]["key"] = KEY
    files["case.json"] = json.dumps(case).encode()
    (tmp_path / "case.json").write_bytes(files["case.json"])
    said = "the sender check is not the one recorded at receipt"
    assert said in by_program()
    key = school.site.trail.verifier_key
    problems = verify_pack(zipped(files), key=key, check_signature=is_genuine_signature).problems
    assert any(said in each.says for each in problems)
    del case["messages"][0]["sender_check"]
    files["case.json"] = json.dumps(case).encode()
    problems = verify_pack(zipped(files), key=key, check_signature=is_genuine_signature).problems
    assert any(said in each.says for each in problems)


def _pdf_words(path: Path) -> str:
    return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout


def test_what_the_evidence_is_worth_is_said_plainly_for_each_kind() -> None:
    signature = DkimSignature(domain="a.test", selector="s", algorithm="rsa-sha256")
    nothing = sender_check(Authentication(), Authentication(), at=AT, is_read=True)
    own = Authentication(authserv_id="mailguard", signatures=(signature,))
    silent = sender_check(own, own, at=AT, is_read=True)
    found = sender_check(replace(own, signatures=(replace(signature, key=KEY),)), own, at=AT, is_read=True)
    trusted = Authentication(authserv_id="mx.test", signatures=(signature,))
    stated = sender_check(trusted, trusted, at=AT, is_read=True)
    unread = sender_check(Authentication(), Authentication(), at=AT, is_read=False)
    said = [what_it_is_worth(each) for each in (None, nothing, silent, found, stated, unread)]
    assert len(set(said)) == 6
    for words, beginning in zip(
        said,
        (
            "This message came before mailguard kept",
            "The message has no DKIM signature",
            "mailguard asked DNS for the signer's public key when the message arrived and got none",
            "mailguard asked DNS for the signer's public key when the message arrived, and keeps it",
            "The school's mail server (mx.test)",
            "The message could not be looked into",
        ),
        strict=True,
    ):
        assert words.startswith(beginning)
