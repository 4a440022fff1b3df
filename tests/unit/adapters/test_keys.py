import pytest

from mailguard.adapters.keys import SchoolKeys, WrongKey, is_genuine_signature

KEYS = SchoolKeys(**SchoolKeys.fresh())


def test_what_is_sealed_opens_only_in_its_place_and_unaltered():
    sealed = KEYS.seal(b"content", place="s/cases/1")
    assert KEYS.open(sealed, place="s/cases/1") == b"content"
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for octets, place in ((sealed, "s/cases/2"), (altered, "s/cases/1"), (b"", "s/cases/1"), (b"\x01", "x")):
        with pytest.raises(WrongKey):
            KEYS.open(octets, place=place)
    with pytest.raises(WrongKey):
        SchoolKeys(**SchoolKeys.fresh()).open(sealed, place="s/cases/1")


def test_blind_values_are_equal_for_equal_texts_of_one_kind_and_one_school_only():
    assert KEYS.blind("address", "a@x.example") == KEYS.blind("address", "a@x.example")
    others = {
        KEYS.blind("address", "a@x.example"),
        KEYS.blind("person", "a@x.example"),
        KEYS.blind("address", "b@x.example"),
        SchoolKeys(**SchoolKeys.fresh()).blind("address", "a@x.example"),
    }
    assert len(others) == 4


def test_derived_keys_differ_by_purpose():
    assert KEYS.derived("mark") == KEYS.derived("mark")
    assert KEYS.derived("mark") != KEYS.derived("other")
    assert len(KEYS.derived("mark")) == 32


def test_a_signature_is_genuine_for_its_message_and_key_only():
    signature = KEYS.sign(b"note")
    assert is_genuine_signature(KEYS.public_key, signature, b"note")
    assert not is_genuine_signature(KEYS.public_key, signature, b"other")
    assert not is_genuine_signature(KEYS.public_key, b"", b"note")
    assert not is_genuine_signature(b"short", signature, b"note")
