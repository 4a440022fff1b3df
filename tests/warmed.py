"""What the warm process of tests.warm has done before the first fork. It starts no thread and leaves nothing open."""

import importlib
import re
import sys

from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path

# re forgets compiled patterns after a few hundred; the recognisers alone have more.
vars(re)["_MAXCACHE"] = 20_000

# mailguard.classifier first: it says how many threads arithmetic may start.
for _name in (
    "mailguard.classifier",
    "mailguard.classifier.artefact",
    "mailguard.classifier.encoder",
    "mailguard.cli.account",
    "mailguard.cli.audit",
    "mailguard.cli.case_ending",
    "mailguard.cli.doctor",
    "mailguard.cli.policy",
    "mailguard.cli.run",
    "mailguard.daemon.life",
    "mailguard.daemon.review",
    "mailguard.web.pages",
    "mailguard.web.serving",
    "mailguard.web.wiring",
    "mailguard.wiring",
    "h11",
    "uvicorn.protocols.http.h11_impl",
):
    importlib.import_module(_name)

# A daemon must do without it, so a fork must not have it either.
assert "sklearn" not in sys.modules

Recognisers.from_toml(shipped_path("config/platforms.toml").read_bytes(), "config/platforms.toml")
