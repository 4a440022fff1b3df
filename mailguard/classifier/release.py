"""Make the shipped model: train, sign with a key made for this one release, pin its public half, forget the other.

``python -m mailguard.classifier.release --office-mail ARCHIVE`` in a checkout writes models/shipped, shipped_key.py,
the model card and the data sheet. The private key is never written anywhere: a release cannot be signed twice, and there is no
key to steal.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.artefact import WEIGHTS, write_model
from mailguard.classifier.corpus_report import load_sets, report_on
from mailguard.classifier.data_sheet import data_sheet
from mailguard.classifier.model_card import model_card
from mailguard.classifier.train import train
from mailguard.classifier.weights import encoder_of_file

_CHECKOUT = Path(__file__).parents[2]
_PINNED = '''"""The public half of the key that signed the shipped model; written by ``release``."""

SHIPPED_PUBLIC_KEY = bytes.fromhex("{key}")
'''


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0; a corpus with faults ends with a traceback that lists them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--office-mail", type=Path, help="archive of real ordinary mail, used as negatives")
    parser.add_argument(
        "--encoder",
        type=Path,
        help="another encoder, as models/encoder/fit_encoder.py wrote it; else the one of the shipped model",
    )
    parser.add_argument("--checkout", type=Path, default=_CHECKOUT)
    chosen = parser.parse_args(arguments)
    steps: list[str] = []

    def show(step: str, done: int, total: int) -> None:
        if step not in steps:
            steps.append(step)
            print(step, file=sys.stderr)

    models = chosen.checkout / "models"
    given = chosen.encoder.read_bytes() if chosen.encoder else (models / "shipped" / WEIGHTS).read_bytes()
    trained = train(
        models / "corpus",
        choosing=models / "held_out" / "choosing",
        test=models / "held_out" / "test",
        office_mail=chosen.office_mail,
        encoder=encoder_of_file(given) or None,
        progress=show,
    )
    key = Ed25519PrivateKey.generate()
    model_id = write_model(
        chosen.checkout / "models" / "shipped",
        weights=trained.weights,
        manifest=trained.manifest,
        key=key,
        signed_at=datetime.now(tz=UTC),
    )
    pinned = _PINNED.format(key=key.public_key().public_bytes_raw().hex())
    (chosen.checkout / "mailguard" / "classifier" / "shipped_key.py").write_text(pinned)
    card = chosen.checkout / "docs" / "reference" / "model-card.md"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(model_card(trained.manifest, model_id=model_id))
    sheet = card.with_name("data-sheet.md")
    sheet.write_text(data_sheet(report_on(load_sets(chosen.checkout / "models")), trained.manifest))
    print(model_id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
