import base64
import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.case_deciding import UnknownCase
from mailguard.app.evidence_material import PackForm
from mailguard.app.evidence_pack import EvidencePacks
from mailguard.app.evidence_verify import verify_pack
from mailguard.app.export_making import TAG_MADE, TAG_REQUESTED, MadeExport, Maker, ReasonMissing
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportState
from mailguard.domain.audit import VerifierKey, read_checkpoint
from mailguard.domain.case import Outcome
from mailguard.domain.words import Role
from tests.effects_fixture import RAW, Office, decided
from tests.exporting import CHAIR_MAKER, DEPUTY_MAKER, HEAD_MAKER, office, packs_of

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
WITH_PICTURE = b"\r\n".join(
    [
        b"From: Harvey <harvey@inbox.test>",
        b"To: p.nair@school.test",
        b"Subject: look",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"",
        b"--b",
        b"Content-Type: text/plain; charset=utf-8",
        b"",
        "do u like it \U0001f600 #strong[x] \u202eevil \u2028 مرحبا".encode(),
        b"--b",
        b'Content-Type: image/png; name="me.png"',
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.encodebytes(PICTURE).replace(b"\n", b"\r\n"),
        b"--b--",
        b"",
    ]
)


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def handled_case(school: Office, raw: bytes = RAW) -> str:
    """A case that was reported, acknowledged and decided, between two others."""
    school.receive(raw=b"From: Somebody Else <other@inbox.test>\r\n\r\nanother matter\r\n")
    case_id = school.receive(raw=raw).case_id
    school.work()
    school.clock.pass_time(minutes=7)
    school.casebook.acknowledge(case_id, by="head", role="head", through="reply")
    school.casebook.confirm(case_id, by="head", reason="spoke with the family")
    school.casebook.set_outcome(case_id, Outcome.SUBSTANTIATED, by="head")
    school.receive(raw=b"From: Third <third@inbox.test>\r\n\r\na third matter\r\n")
    return case_id


def make(
    school: Office, case_id: str, *, form: PackForm = PackForm.WITHHELD, by: Maker = HEAD_MAKER
) -> tuple[EvidencePacks, MadeExport]:
    packs = packs_of(school)
    made = packs.make(case_id, by=by, purpose=ExportPurpose.POLICE, reason="asked by telephone", form=form)
    return packs, made


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check(content: bytes, key: VerifierKey):
    return verify_pack(content, key=key, check_signature=is_genuine_signature)


def test_a_pack_verifies_with_the_public_key_alone(school: Office):
    packs, made = make(school, handled_case(school))
    result = check(made.content, packs.trail.verifier_key)
    assert result.problems == ()
    assert (result.messages, result.form) == (1, "sealed-withheld")
    assert result.extract is not None
    assert [event.tag for event in result.extract.shown] == [
        "gate:case:opened",
        "effects:report:sent",
        "review:case:acknowledged",
        "review:case:confirmed",
        "review:case:outcome-set",
        TAG_REQUESTED,
    ]


def test_its_checkpoint_is_a_genuine_note_over_the_end_of_the_extract(school: Office):
    packs, made = make(school, handled_case(school))
    files = files_of(made.content)
    note = read_checkpoint(
        files["checkpoint.txt"].decode(), key=packs.trail.verifier_key, is_genuine=is_genuine_signature
    )
    header = json.loads(files["audit-extract.jsonl"].split(b"\n", 1)[0])
    assert (note.size, note.hash) == (header["head"]["size"], header["head"]["hash"])


def test_the_same_state_gives_the_same_bytes(school: Office):
    packs, made = make(school, handled_case(school))
    with school.store.reading() as transaction:
        export = transaction.exports.find(made.export_id)
        (event,) = [
            each
            for each in transaction.audit.events()
            if each.tag == TAG_REQUESTED and each.detail["export"] == made.export_id
        ]
    assert export is not None
    school.clock.pass_time(days=3)
    packs.trail.checkpoint()
    assert packs.build(packs.gather(export, event, by=HEAD_MAKER)) == made.content


def test_the_original_is_in_it_byte_for_byte_also_inside_the_pdf(school: Office, tmp_path: Path):
    _, made = make(school, handled_case(school))
    files = files_of(made.content)
    assert files["messages/1.eml"] == RAW
    (tmp_path / "case-file.pdf").write_bytes(files["case-file.pdf"])
    subprocess.run(
        ["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "case-file.pdf")],
        check=True,
        timeout=20,
    )
    assert [path.read_bytes() for path in tmp_path.glob("*.eml")] == [RAW]


def test_the_case_file_is_pdf_a_3b_and_tells_the_case(school: Office, tmp_path: Path):
    _, made = make(school, handled_case(school))
    pdf = files_of(made.content)["case-file.pdf"]
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    words = pdf_words(pdf)
    for said in (
        "A pupil wrote to a member of staff.",
        "Harvey Doyle (P0003, pupils; exact, header From)",
        hashlib.sha256(RAW).hexdigest(),
        "hi miss u awake",
        "spoke with the family",
        "substantiated",
        "2026-09-28 09:07:00",
        "10:07:00",
        "asked by telephone",
    ):
        assert said in words, said


def test_sealed_parts_stay_in_the_store_unless_the_whole_is_asked_for(school: Office):
    case_id = handled_case(school, WITH_PICTURE)
    _, made = make(school, case_id)
    inner = base64.encodebytes(PICTURE).splitlines()[2]
    for name, content in files_of(made.content).items():
        assert PICTURE not in content, name
        assert inner not in content, name
        assert inner not in expanded(content), name
    files = files_of(made.content)
    assert "messages/1.eml" not in files
    assert "They stay sealed" in pdf_words(files["case-file.pdf"])
    case = json.loads(files["case.json"])
    assert case["messages"][0]["sha256"] == hashlib.sha256(WITH_PICTURE).hexdigest()
    assert case["messages"][0]["parts"][0]["sha256"] == hashlib.sha256(PICTURE).hexdigest()

    packs, whole = make(school, case_id, form=PackForm.WHOLE)
    assert files_of(whole.content)["messages/1.eml"] == WITH_PICTURE
    assert check(whole.content, packs.trail.verifier_key).is_intact


def test_what_a_stranger_wrote_is_shown_as_letters_and_never_obeyed(school: Office):
    _, made = make(school, handled_case(school, WITH_PICTURE))
    words = pdf_words(files_of(made.content)["case-file.pdf"])
    assert "do u like it [grinning face] #strong[x] evil" in words
    assert "[Arabic: 5 letters]" in words


def test_nothing_in_a_pack_tells_of_another_case(school: Office):
    case_id = handled_case(school)
    packs, made = make(school, case_id)
    with school.store.reading() as transaction:
        others = [event for event in transaction.audit.events() if event.case_id not in {"", case_id}]
    assert others
    foreign = {event.case_id for event in others}
    foreign |= {str(event.detail["sha256"]) for event in others if "sha256" in event.detail}
    foreign |= {event.salt for event in others}
    for name, content in files_of(made.content).items():
        for word in foreign:
            assert word.encode() not in content, (name, word)
    result = check(made.content, packs.trail.verifier_key)
    assert result.extract is not None
    assert result.extract.withheld == 3


def test_every_altered_byte_is_named(school: Office):
    packs, made = make(school, handled_case(school))
    key, content = packs.trail.verifier_key, made.content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        places = {entry.filename: (entry.header_offset, entry.file_size) for entry in archive.infolist()}
        directory = archive.start_dir
    chance = random.Random(4)
    for name, (start, size) in places.items():
        begins = start + 30 + len(name)
        for place in {begins, begins + size - 1, *(begins + chance.randrange(size) for _ in range(6))}:
            problems = check(flipped(content, place), key).problems
            assert name in {problem.place for problem in problems}, (name, place, problems)
        for place in (start, start + 8, start + 12, start + 26, start + 30):
            assert check(flipped(content, place), key).problems, (name, place)
    for place in (
        directory,
        directory + 5,
        directory + 20,
        directory + 40,
        len(content) - 3,
        len(content) - 20,
    ):
        assert check(flipped(content, place), key).problems, place
    assert check(content + b"x", key).problems
    assert check(content[:-1], key).problems
    assert check(b"", key).problems


def test_an_event_changed_in_a_pack_that_was_sealed_anew_is_named_by_its_number(school: Office):
    """Whoever has another key can make a pack that fits itself; under the school's key it falls apart."""
    packs, made = make(school, handled_case(school))
    files = files_of(made.content)
    altered = files["audit-extract.jsonl"].replace(b'"actor":"head"', b'"actor":"nobody"', 1)
    assert altered != files["audit-extract.jsonl"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, altered if name == "audit-extract.jsonl" else content)
    places = {each.place for each in check(buffer.getvalue(), packs.trail.verifier_key).problems}
    assert "audit-extract.jsonl" in places
    assert any(place.startswith("event ") for place in places)


def test_under_another_key_nothing_holds(school: Office):
    packs, made = make(school, handled_case(school))
    other = VerifierKey(name=packs.trail.verifier_key.name, public_key=bytes(range(32)))
    assert {each.place for each in check(made.content, other).problems} >= {
        "manifest.sig",
        "audit-extract.jsonl",
    }


def test_the_page_in_the_pack_is_a_page_for_people_with_commands_on_lines_of_their_own(school: Office):
    packs, made = make(school, handled_case(school))
    page = files_of(made.content)["VERIFY.txt"].decode()
    key = str(packs.trail.verifier_key)
    lines = page.splitlines()
    assert f"  python3 verify.py --key {key}" in lines
    assert any(
        line.startswith("  mailguard audit verify --pack MG-") and line.endswith(key) for line in lines
    )
    assert "Instruction" not in page
    assert "is_command" not in page
    for number in (1, 2, 3):
        assert sum(line.startswith(f"{number}. ") for line in lines) == 1, "each step has its number once"


def test_the_program_in_the_pack_needs_nothing_but_python(school: Office, tmp_path: Path):
    pack = tmp_path / "pack"
    packs, made = make(school, handled_case(school))
    for name, content in files_of(made.content).items():
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_bytes(content)
    key = str(packs.trail.verifier_key)

    def run(*more: str) -> tuple[int, str]:
        answer = subprocess.run(
            [sys.executable, "-I", "-S", "-B", str(pack / "verify.py"), "--key", key, *more],
            capture_output=True,
            text=True,
            timeout=60,
            env={},
        )
        return answer.returncode, answer.stdout

    assert run() == (
        0,
        "ok    intact: 10 files, 6 events of the case, 1 message with the hash of arrival\n",
    )
    eml = pack / "messages" / "1.eml"
    eml.write_bytes(RAW.replace(b"awake", b"awoke"))
    status, said = run()
    assert status == 3
    assert "messages/1.eml was altered" in said
    assert "messages/1.eml is not a message whose arrival the trail recorded" in said
    eml.write_bytes(RAW)
    extract = pack / "audit-extract.jsonl"
    extract.write_bytes(extract.read_bytes().replace(b'"actor":"head"', b'"actor":"nobody"', 1))
    status, said = run()
    assert status == 3
    assert "was altered: its hash does not fit what it says" in said


def test_a_case_about_the_head_does_not_exist_for_the_head(school: Office):
    about_head = decided(
        subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY, Role.CHAIR)
    )
    case_id = school.receive(about_head).case_id
    with pytest.raises(UnknownCase):
        make(school, case_id)
    assert TAG_REQUESTED not in school.tags(case_id)
    for maker in (DEPUTY_MAKER, CHAIR_MAKER):
        assert make(school, case_id, by=maker)[1].content


def test_an_export_is_on_the_record_before_and_after_with_its_hash(school: Office):
    case_id = handled_case(school)
    _, made = make(school, case_id)
    with school.store.reading() as transaction:
        requested, handed_out = list(transaction.audit.events(case_id=case_id))[-2:]
        export = transaction.exports.find(made.export_id)
    assert (requested.tag, requested.detail["purpose"]) == (TAG_REQUESTED, "police")
    assert (handed_out.tag, handed_out.detail["sha256"]) == (TAG_MADE, made.sha256)
    assert made.sha256 == hashlib.sha256(made.content).hexdigest()
    assert export is not None
    assert (export.kind, export.state, export.reason) == (
        ExportKind.EVIDENCE,
        ExportState.MADE,
        "asked by telephone",
    )
    assert "asked by telephone" not in json.dumps([requested.detail, handed_out.detail])


def test_without_a_reason_nothing_is_exported(school: Office):
    case_id = handled_case(school)
    with pytest.raises(ReasonMissing):
        packs_of(school).make(
            case_id, by=HEAD_MAKER, purpose=ExportPurpose.OTHER, reason="  ", form=PackForm.WITHHELD
        )
    assert TAG_REQUESTED not in school.tags(case_id)


def test_a_destroyed_message_leaves_its_hash_in_the_pack(school: Office):
    case_id = handled_case(school)
    with school.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    school.opened.blobs.shred(message.blob_id)
    packs, made = make(school, case_id)
    files = files_of(made.content)
    assert "messages/1.eml" not in files
    assert "no longer in the store" in pdf_words(files["case-file.pdf"])
    assert check(made.content, packs.trail.verifier_key).is_intact


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def pdf_words(pdf: bytes) -> str:
    """The PDF's text as a reader's program finds it, lines joined."""
    answer = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=20
    )
    return " ".join(answer.stdout.decode().split())


def expanded(pdf: bytes) -> bytes:
    """What is attached to a PDF, unpacked."""
    if not pdf.startswith(b"%PDF"):
        return b""
    answer = subprocess.run(
        ["pdfdetach", "-list", "-"], input=pdf, capture_output=True, check=False, timeout=20
    )
    assert b"0 embedded files" in answer.stdout or not answer.stdout, answer.stdout
    return answer.stdout
