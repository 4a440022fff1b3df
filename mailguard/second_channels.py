"""The second channels that the settings name: each role's own, and the school's."""

from __future__ import annotations

from mailguard.adapters.second_channel import AppriseChannel, SeveralChannels, SmarthostChannel
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports import Clock, SecondChannel
from mailguard.config import ConfigProblem, LoadedConfig
from mailguard.domain.words import Role


def second_channels(
    loaded: LoadedConfig, settings: EffectsSettings, clock: Clock
) -> tuple[dict[Role, SecondChannel], SecondChannel | None]:
    """Each role's own channel, and the school's (None when there is none). Raises ConfigProblem for a URL no service fits."""
    section = loaded.config.second_channel
    general: list[SecondChannel] = []
    try:
        if section.urls:
            general.append(AppriseChannel(section.urls))
        own: dict[Role, SecondChannel] = {
            role: AppriseChannel([contact.second_channel])
            for role in Role
            if (contact := getattr(loaded.config.roles, role.value)) is not None and contact.second_channel
        }
    except ValueError as problem:
        raise ConfigProblem([f"{loaded.path}: {problem}; see docs/reference/configuration.md"]) from problem
    if section.smarthost is not None:
        if not section.smarthost_addresses:
            raise ConfigProblem(
                [
                    f"{loaded.path}: second_channel.smarthost_addresses: is empty; say whom second_channel.smarthost reaches"
                ]
            )
        route = CourierSettings(server=section.smarthost, security=section.smarthost_security)
        general.append(
            SmarthostChannel(
                courier=SmtpCourier(route),
                settings=settings,
                addresses=section.smarthost_addresses,
                clock=clock,
            )
        )
    return own, SeveralChannels(general) if general else None
