"""What happens to the model is told in words on the page of the trail."""

import re
from pathlib import Path

from mailguard import model_wiring
from mailguard.app import event_words, labelling
from mailguard.classifier import promotion
from mailguard.cli import model_files, model_train

_TAG = re.compile(r'"((?:model|daemon:model|review:sample):[a-z:-]+)"')


def test_every_event_of_a_model_and_of_the_sample_has_its_words():
    written: set[str] = set()
    for module in (labelling, promotion, model_files, model_train, model_wiring):
        assert module.__file__ is not None
        written |= set(_TAG.findall(Path(module.__file__).read_text("utf-8")))
    assert len(written) >= 12
    assert event_words.__file__ is not None
    known = Path(event_words.__file__).read_text("utf-8")
    assert [tag for tag in sorted(written) if f'"{tag}":' not in known] == []
