"""Where the files that come with mailguard are: policy, recognisers, sample settings, the shipped model.

A wheel carries them inside the package, an editable checkout has them at its top level:

=====================  ================================  ==========================
asked for              wheel                             checkout
=====================  ================================  ==========================
``config/NAME``        ``mailguard/_shipped/config/``    ``config/``
``models/NAME``        ``mailguard/_shipped/models/``    ``models/shipped/``
``corpus/NAME``        ``mailguard/_shipped/corpus/``    ``models/corpus/``
``held_out/NAME``      ``mailguard/_shipped/held_out/``  ``models/held_out/``
=====================  ================================  ==========================

The corpus and the held-out texts come along because a school retrains and measures on its own machine; they are plain text
and take little in a wheel, which is compressed.
"""

from pathlib import Path

_WHEEL = Path(__file__).parent / "_shipped"
_CHECKOUT = Path(__file__).parent.parent
_CHECKOUT_FOLDERS = {
    "config": Path("config"),
    "models": Path("models", "shipped"),
    "corpus": Path("models", "corpus"),
    "held_out": Path("models", "held_out"),
}


class ShippedFileMissing(FileNotFoundError):
    """A file that every installation has is not there: the installation is damaged."""


def shipped_path(name: str, *, wheel: Path = _WHEEL, checkout: Path = _CHECKOUT) -> Path:
    """The file or folder `name`, such as ``config/policy.toml``, ``models/manifest.json`` or ``models``.

    The wheel's folder is tried first, then the checkout's. Raises ValueError for a name outside the shipped
    folders, and ShippedFileMissing, naming the places looked at, when neither has it.
    """
    folder, *rest = Path(name).parts or ("",)
    if folder not in _CHECKOUT_FOLDERS or ".." in rest:
        starts = " or ".join(f"{each}/" for each in _CHECKOUT_FOLDERS)
        raise ValueError(f"{name!r} is not a shipped file: names start with {starts}")
    places = (wheel.joinpath(folder, *rest), checkout.joinpath(_CHECKOUT_FOLDERS[folder], *rest))
    for place in places:
        if place.exists():
            return place
    raise ShippedFileMissing(f"{name} is in neither {places[0]} nor {places[1]}: reinstall mailguard")
