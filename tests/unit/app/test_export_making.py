import pytest

from mailguard.app.export_making import plain_filename


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("MG-2026-0147.zip", "MG-2026-0147.zip"),
        ('chronology-a"b\r\nX: y-at-x.test-pupil.csv', "chronology-a_b__X__y-at-x.test-pupil.csv"),
        ("../../etc/cron.d/x", "_.._etc_cron.d_x"),
        ("/etc/passwd", "_etc_passwd"),
        ("Zoë.csv", "Zo_.csv"),
        ("...", "export"),
    ],
)
def test_a_file_name_leads_nowhere_and_breaks_no_header(name: str, plain: str):
    assert plain_filename(name) == plain
