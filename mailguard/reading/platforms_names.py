"""Whether what stands for a name is the service itself."""

from __future__ import annotations

import re

from mailguard.reading.platforms_rules import Platform

# Articles and prepositions, then what an office is called.
_SMALL = r"the|a|das|der|die|il|la|le|el|los|from|of|de|di|da|do|du|von|vom|na|на|від|от"
_OFFICE = (
    r"teams?|l'équipe|équipe|equipo|equipe|ekibi|екипът|екип|команда|команди|nhóm|tým|zespół|zespol|komanda|csapat|support|help|staff|"
    r"security|safety|notifications?|news|alerts?|updates?|info|services?|community|center|centre|groups?|mail|e-?mail|accounts?|no-?reply"
)
_OWN_WORD = re.compile(f"(?:{_SMALL}|{_OFFICE})")


def is_service(text: str, platform: Platform) -> bool:
    """The service's own name, alone or among words of an office: "L'équipe Snapchat"; "Tia Facebook News" is a person."""
    said = f" {text.casefold().replace('-', ' ')} "
    for name in map(str.casefold, platform.names):
        rest = said.replace(f" {name} ", " ", 1).split()
        if len(rest) < len(said.split()) and all(map(_OWN_WORD.fullmatch, rest)):
            return True
    return False
