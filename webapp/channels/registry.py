"""The ways out that Arauto has names for, and which of them have a transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out by its name in rules, messages and the API; without a transport nothing leaves by it."""

    name: str
    has_transport: bool


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        channel.name: channel
        for channel in (
            Channel("email", has_transport=True),
            Channel("sms", has_transport=False),
            Channel("screen", has_transport=False),
        )
    }
)


def deliverable(name: str) -> bool:
    """Return whether messages of this channel can leave; False also for a name that is not known."""
    channel = CHANNELS.get(name)
    return channel is not None and channel.has_transport
