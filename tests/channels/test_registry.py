from __future__ import annotations

import pytest

from webapp.channels.registry import CHANNELS, deliverable


def test_the_channels_have_the_names_of_rules_and_messages() -> None:
    assert list(CHANNELS) == ["email", "sms", "screen"]
    assert all(channel.name == name for name, channel in CHANNELS.items())


@pytest.mark.parametrize(("name", "leaves"), [("email", True), ("sms", False), ("screen", False), ("fax", False)])
def test_only_a_channel_with_a_transport_is_deliverable(name: str, leaves: bool) -> None:
    assert deliverable(name) is leaves
