"""Each platform's fixtures, and that there are enough of them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.reading.platforms.messages import Fixture, fixtures, shipped

_ALL = fixtures()


@pytest.mark.parametrize("fixture", _ALL, ids=lambda one: f"{one.platform}-{one.subject[:40]}")
def test_a_notification_is_recognised_with_event_and_actor_and_other_mail_is_not(fixture: Fixture) -> None:
    found = shipped().recognise(fixture.facts())
    if fixture.is_negative:
        assert found is None
        return
    assert found is not None
    assert (found.id, found.event.value) == (fixture.platform, fixture.event)
    if fixture.actor:
        assert found.actor == fixture.actor
    if fixture.handle:
        assert found.handle == fixture.handle


def test_at_least_fifty_platforms_have_three_notifications_and_one_message_that_is_none() -> None:
    positive = Counter(one.platform for one in _ALL if not one.is_negative)
    negative = Counter(one.platform for one in _ALL if one.is_negative)
    complete = [name for name in positive if positive[name] >= 3 and negative[name] >= 1]
    assert len(complete) >= 50
    assert set(positive) == set(complete) <= set(shipped().classes)
