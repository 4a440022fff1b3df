"""Settings of the mailbox side: what is refused, and where a password may be."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailguard.adapters.imap_settings import ImapAccount, MailboxesSettings, SecretMissing, SecretPlace
from mailguard.adapters.smtp_settings import TransportSecurity

HERE = SecretPlace(environment="MAILGUARD_TEST_SECRET")
ANN = ImapAccount(address="Ann@School.test", host="imap.school.test", password=HERE)


def test_password_never_goes_over_an_open_wire_to_another_machine() -> None:
    with pytest.raises(ValueError, match="in clear"):
        replace(ANN, security=TransportSecurity.NONE)
    for host in ("localhost", "127.0.0.1", "::1"):
        assert replace(ANN, security=TransportSecurity.NONE, host=host).host == host


def test_account_id_is_the_same_for_every_spelling_and_names_nobody() -> None:
    assert ANN.id == replace(ANN, address="ann@school.test").id
    assert "ann" not in ANN.id.lower()


def test_master_user_logs_in_behind_a_star() -> None:
    assert ANN.login_name == "Ann@School.test"
    assert replace(ANN, username="ann", master_user="warden").login_name == "ann*warden"


def test_secret_is_in_exactly_one_place() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        SecretPlace()
    with pytest.raises(ValueError, match="exactly one"):
        SecretPlace(environment="A", credential="b")


def test_secret_is_read_from_file_environment_and_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imap").write_text("füll moon\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MAILGUARD_TEST_SECRET", "moon")
    assert SecretPlace(file=tmp_path / "imap").read() == "füll moon"
    assert SecretPlace(credential="imap").read() == "füll moon"
    assert HERE.read() == "moon"


def test_missing_secret_names_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILGUARD_TEST_SECRET", raising=False)
    with pytest.raises(SecretMissing, match="MAILGUARD_TEST_SECRET"):
        HERE.read()
    with pytest.raises(SecretMissing, match="nothing-here"):
        SecretPlace(file=tmp_path / "nothing-here").read()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sweep_seconds": 0.0}, "sweep_seconds"),
        ({"idle_renew_seconds": 600.0}, "below 600"),
        ({"folders": ()}, "folders"),
        ({"folders": ("INBOX", "Quarantine")}, "quarantine_folder"),
        ({"quarantine_folder": "Inbox"}, "quarantine_folder"),
        ({"accounts": (ANN, replace(ANN, address="ann@school.test"))}, "twice"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(options: dict[str, object], words: str) -> None:
    fields: dict[str, object] = {"accounts": (ANN,), **options}
    with pytest.raises(ValueError, match=words):
        MailboxesSettings(**fields)  # type: ignore[arg-type]
