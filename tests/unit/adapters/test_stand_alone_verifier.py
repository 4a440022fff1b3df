from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from mailguard.adapters.evidence.verify import Key, event_hash, is_signed
from mailguard.adapters.keys import is_genuine_signature, public_key_of
from mailguard.domain.audit import AuditHead, VerifierKey, event_to_json, link, write_checkpoint
from tests.storing import START


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 63), st.integers(0, 31))
def test_its_signature_check_agrees_with_the_library(
    secret: bytes, message: bytes, place: int, key_place: int
):
    signature = Ed25519PrivateKey.from_private_bytes(secret).sign(message)
    key = public_key_of(secret)
    assert is_signed(key, signature, message)
    broken = signature[:place] + bytes([signature[place] ^ 4]) + signature[place + 1 :]
    other = key[:key_place] + bytes([key[key_place] ^ 4]) + key[key_place + 1 :]
    for case in ((key, broken, message), (other, signature, message), (key, signature, message + b"x")):
        assert is_signed(*case) == is_genuine_signature(*case) is False


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_octets_that_nobody_signed_are_never_genuine(key: bytes, signature: bytes):
    assert not is_signed(key, signature, b"message")


def test_its_key_opens_a_note_of_ours_and_its_hash_is_that_of_the_trail():
    secret = bytes(range(32))
    key = VerifierKey(name="mailguard/st-oswins/audit", public_key=public_key_of(secret))
    sign = Ed25519PrivateKey.from_private_bytes(secret).sign
    note = write_checkpoint(AuditHead(), school="st-oswins", at=START, public_key=key.public_key, sign=sign)
    assert Key(str(key)).opened(note) == note.partition("\n\n")[0] + "\n"
    for salt in ("", "5a" * 16):
        event = link(
            AuditHead(),
            school="s",
            at=START,
            tag="a:b:c",
            actor="x",
            case_id="",
            detail={"words": "Zoë"},
            salt=salt,
        )
        assert event_hash(event_to_json(event)) == event.hash
