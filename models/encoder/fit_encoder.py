"""Teach a small transformer to read mail as the classifier's heads ask, and write it as arrays for ``release --encoder``.

Not part of the product and not of its set-up: it needs PyTorch and transformers, which nothing else here does, and the folder of
a BERT-like base model (README.md beside this file says which one the shipped encoder came from). About an hour on two cores.

    python models/encoder/fit_encoder.py --base FOLDER --out encoder.npz [--office-mail ARCHIVE] [--epochs 7] [--layers 4]
    python models/encoder/fit_encoder.py --base FOLDER --out encoder.npz --go-on-from encoder.pt --epochs 3 --rate 6e-5
    python models/encoder/fit_encoder.py --base FOLDER --out encoder.npz --average one.pt=2 --average other.pt=1
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer
from transformers.activations import ACT2FN

CHECKOUT = Path(__file__).parents[2]
sys.path.insert(0, str(CHECKOUT))

from mailguard.classifier.corpus import Record, load_corpus  # noqa: E402
from mailguard.classifier.encoder import (  # noqa: E402
    MOST_PIECES,
    PREFIX,
    SUBJECT_PIECES,
    TAIL_PIECES,
    quantised,
)
from mailguard.classifier.examples import Example, from_corpus, from_office_mail  # noqa: E402
from mailguard.classifier.heads import (  # noqa: E402
    COLUMNS,
    EVENT,
    GRAVE,
    HARMLESS,
    HEADS,
    INITIATOR,
    KIND,
    NATURE,
    columns,
)
from mailguard.classifier.labels import labels_of  # noqa: E402
from mailguard.classifier.plain import spoken  # noqa: E402
from mailguard.classifier.stretches import LONG_WORDS, STRETCH_WORDS  # noqa: E402
from mailguard.classifier.text_changes import with_slips  # noqa: E402
from mailguard.domain.words import Kind, Nature  # noqa: E402

SEED = 20261129
BATCH = 32
WIDTHS = 16
LEFT_OUT = 0.05
OFFICE_MAILS = 1_200
PIECES_KEPT = 27_000
# Steps to a row's standard deviation. A packed file of coarser weights is smaller; the layers bear it less well than the pieces: with
# 13 steps, and 6 for the pieces, the file is hardly larger and letters in other languages rank .017 to .020 lower (ADR 28).
STEPS_OF_MATRICES = 20.0
STEPS_OF_EMBEDDINGS = 4.0
NATURE_COUNTS = 8.0  # a nature's loss beside a head's
SMOOTHING = 0.02
DISTURBED = 0.3  # of the texts shown
STRETCHED = (
    0.4  # of the long texts, those shown as a stretch; of short grave ones half as many amid words of others
)
SHORT_WORDS = 28
JOINED = 0.15  # of the short letters, those shown with another of the same kind of writer after or before it
JOINED_WORDS = 45
AVERAGED = 0.998  # what the running average of the weights keeps at each step; the average is what is written
JOINS = (" ", " ", " ", ". ", ". ", " also ", " and ", " ps ", " btw ")
LEET = str.maketrans("aeiostbg", "43105789")
PICTURES = "😂😭🙏❤👍🔥💀🥺😊😡"
HAS_SHORT_FLOATS = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


class SharedDropout(torch.nn.Module):
    """Leaves out the same dimensions in all pieces of a text: a draw for each piece takes as long as all else on a processor."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if not self.training or states.dim() < 3:
            return states
        kept = torch.rand(states.shape[0], 1, states.shape[2]) >= self.share
        return states * (kept / (1 - self.share)).to(states.dtype)


class Reader(torch.nn.Module):
    """The base model's first layers, and one linear head over mean and largest of what they say."""

    def __init__(self, base: torch.nn.Module, layers: int) -> None:
        super().__init__()
        base.encoder.layer = base.encoder.layer[:layers]
        base.embeddings.dropout = SharedDropout(LEFT_OUT)
        for layer in base.encoder.layer:
            layer.attention.output.dropout = SharedDropout(LEFT_OUT)
            layer.output.dropout = SharedDropout(LEFT_OUT)
            layer.intermediate.intermediate_act_fn = ACT2FN["gelu_pytorch_tanh"]
        self.base = base
        self.head = torch.nn.Linear(2 * base.config.hidden_size, COLUMNS)
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, numbers: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        # Halves of floats are quicker where the processor has instructions for them, and many times slower where not.
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HAS_SHORT_FLOATS):
            states = self.base(input_ids=numbers, attention_mask=mask).last_hidden_state
        states, wide = states.float(), mask[..., None]
        mean = (states * wide).sum(1) / wide.sum(1)
        largest = (states + (wide - 1) * 1e4).max(1).values
        return self.head(self.dropout(torch.cat([mean, largest], 1)))


def numbers_of(text: tuple[str, str], tokenizer: AutoTokenizer) -> list[int]:
    """As ``encoder.Encoder.numbers`` cuts a message."""
    subject = tokenizer.encode(text[0], add_special_tokens=False)[:SUBJECT_PIECES]
    body = tokenizer.encode(text[1], add_special_tokens=False)[:2000]
    room = MOST_PIECES - 3 - len(subject)
    if len(body) > room:
        body = body[: room - TAIL_PIECES] + body[-TAIL_PIECES:]
    return [tokenizer.cls_token_id, *subject, tokenizer.sep_token_id, *body, tokenizer.sep_token_id]


def disturbed(text: tuple[str, str], rng: random.Random) -> tuple[str, str]:
    """Cut short, without its subject, or typed as hasty or wily people type; made plain again as the program would."""
    subject, body = text
    sentences = re.split(r"(?<=[.!?])\s+", body)
    if len(sentences) > 4 and rng.random() < 0.3:
        body = " ".join(sentences[: max(2, int(len(sentences) * rng.uniform(0.5, 0.9)))])
    elif len(sentences) > 2 and rng.random() < 0.25:
        # People begin with what matters, or end with it.
        first = rng.randrange(1, len(sentences))
        body = " ".join(sentences[first:] + sentences[:first])
    if rng.random() < 0.2:
        subject = ""
    change = rng.choice(
        (_slips, _slips, _slips, _leet, _without_stops, _with_pictures, _drawn_out, _unchanged)
    )
    return spoken(change(subject, rng)), spoken(change(body, rng))


def _unchanged(text: str, rng: random.Random) -> str:
    return text


def _leet(text: str, rng: random.Random) -> str:
    share = rng.uniform(0.1, 0.7)
    return " ".join(word.translate(LEET) if rng.random() < share else word for word in text.split())


def _without_stops(text: str, rng: random.Random) -> str:
    return re.sub(r"[.,;:!?'’\"-]", rng.choice(("", " ")), text)


def _with_pictures(text: str, rng: random.Random) -> str:
    return " ".join(
        word + rng.choice(PICTURES) if rng.random() < 0.08 else word for word in f"{text} ".split(" ")
    )


def _drawn_out(text: str, rng: random.Random) -> str:
    return re.sub(r"[a-z]\b", lambda end: end.group(0) * (3 if rng.random() < 0.2 else 1), text)


def _slips(text: str, rng: random.Random) -> str:
    return with_slips(
        text, rng, share=0.03, wrong_key=lambda letter: rng.choice("abcdefghijklmnopqrstuvwxyz")
    )


class Stretches:
    """Texts as ``mailguard.classifier.stretches`` cuts long ones: what is harmless as a whole is so in each part, and what is grave
    stays so amid other words. What else it is, a part need not show: those labels are left out.
    """

    def __init__(self, examples: list[Example], labels: torch.Tensor) -> None:
        part = columns(NATURE)
        names = HEADS[NATURE]
        self._texts = [example.text[1].split() for example in examples]
        self._harmless = [part.start + names.index(word) for word in HARMLESS]
        self._grave = [part.start + names.index(word) for word in GRAVE]
        self._is_grave = (labels[:, self._grave] == 1).any(1).tolist()
        is_known = (labels[:, part.start] >= 0).tolist()
        self._around = [
            place
            for place, words in enumerate(self._texts)
            if is_known[place] and not self._is_grave[place] and len(words) > STRETCH_WORDS
        ]
        self._is_known = is_known

    def cut(
        self, place: int, labels: torch.Tensor, rng: random.Random
    ) -> tuple[tuple[str, str], torch.Tensor] | None:
        """A stretch of this text, or this text amid others' words, with its labels; None to show it as it is."""
        words = self._texts[place]
        if not self._is_known[place]:
            return None
        if not self._is_grave[place] and len(words) > LONG_WORDS and rng.random() < STRETCHED:
            start = rng.randrange(len(words) - STRETCH_WORDS)
            shown = words[start : start + STRETCH_WORDS]
        elif self._is_grave[place] and 3 <= len(words) <= SHORT_WORDS and rng.random() < STRETCHED / 2:
            other = self._texts[rng.choice(self._around)]
            start = rng.randrange(len(other) - STRETCH_WORDS)
            room = STRETCH_WORDS - len(words)
            before = rng.randrange(room + 1)
            around = other[start : start + room]
            shown = [*around[:before], *words, *around[before:]]
        else:
            return None
        known = labels.clone()
        known[self._harmless] = -1
        for head in (KIND, EVENT, INITIATOR):
            known[columns(head)] = -1
        return ("", " ".join(shown)), known


class Joined:
    """Two short letters of the same kind of writer as one: what either asks is asked. Of letters written singly few hold two
    thoughts, and a reader of them learns that one thought shuts out the other: an invitation the wish that nobody hear of it.
    """

    def __init__(self, examples: list[Example], labels: torch.Tensor) -> None:
        part = columns(NATURE)
        names = HEADS[NATURE]
        self._texts = [example.text for example in examples]
        self._grave = [part.start + names.index(word) for word in GRAVE]
        self._harmless = [part.start + names.index(word) for word in HARMLESS]
        # A picture is the message only where nothing else is.
        alone = [part.start + names.index(word.value) for word in (Nature.IMAGE, Nature.AUTOMATIC)]
        self._keys: list[tuple[object, ...] | None] = [
            (example.initiator, example.language)
            if example.kind is Kind.DIRECT
            and not example.is_office
            and not example.only_grave
            and (row[part] >= 0).all()
            and not (row[alone] == 1).any()
            and 1 <= len(example.text[1].split()) <= JOINED_WORDS
            else None
            for example, row in zip(examples, labels, strict=True)
        ]
        self._grave_ones: dict[tuple[object, ...], list[int]] = {}
        self._others: dict[tuple[object, ...], list[int]] = {}
        for place, key in enumerate(self._keys):
            if key is not None:
                kept = self._grave_ones if (labels[place][self._grave] == 1).any() else self._others
                kept.setdefault(key, []).append(place)

    def joined(
        self, place: int, labels: torch.Tensor, rng: random.Random
    ) -> tuple[tuple[str, str], torch.Tensor] | None:
        """A text and the labels of both letters; None to show this letter as it is. ``labels``: of all."""
        key = self._keys[place]
        if key is None or rng.random() >= JOINED:
            return None
        others = (self._grave_ones if rng.random() < 0.6 else self._others).get(key)
        if not others:
            return None
        other = rng.choice(others)
        (subject, one), (_, two) = self._texts[place], self._texts[other]
        first, second = (one, two) if rng.random() < 0.5 else (two, one)
        known = labels[place].clone()
        known[self._grave] = torch.maximum(labels[place][self._grave], labels[other][self._grave])
        differs = labels[place][self._harmless] != labels[other][self._harmless]
        if differs.any() or (known[self._grave] == 1).any():
            known[self._harmless] = -1
        return (subject if rng.random() < 0.7 else "", f"{first}{rng.choice(JOINS)}{second}"), known


def batch_of(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    # A few widths: for each that it has not met the arithmetic is compiled anew.
    width = -(-max(map(len, rows)) // WIDTHS) * WIDTHS
    numbers = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width)
    for place, row in enumerate(rows):
        numbers[place, : len(row)] = torch.tensor(row)
        mask[place, : len(row)] = 1
    return numbers, mask


def loss_of(said: torch.Tensor, labels: torch.Tensor, is_office: torch.Tensor) -> torch.Tensor:
    """Each head learns from the examples that have its word; of an office mail's writer only that it is no child."""
    total = torch.zeros(())
    for head in (KIND, EVENT, INITIATOR):
        part = columns(head)
        knows = labels[:, part.start] >= 0
        if head == INITIATOR:
            no_child = 1 - torch.softmax(said[:, part], 1)[:, 0]
            if is_office.any():
                total = total - 0.5 * torch.log(no_child[is_office] + 1e-6).mean()
            knows &= ~is_office & (labels[:, columns(KIND).start] == 1)
        if knows.any():
            target = labels[knows][:, part].argmax(1)
            total = total + functional.cross_entropy(said[knows][:, part], target, label_smoothing=SMOOTHING)
    part = columns(NATURE)
    knows = labels[:, part] >= 0
    return total + NATURE_COUNTS * functional.binary_cross_entropy_with_logits(
        said[:, part][knows], labels[:, part][knows].float()
    )


def texts_of(
    office_mail: Path | None,
    newest: tuple[str, ...],
    run: int,
    *,
    share: float = 1.0,
    times: int = 2,
    has_all_tongues: bool = False,
) -> list[Example]:
    """All texts, in another composition at each run; where some are the newest, theirs in `times`, and of the others a `share`:
    of those in English, where the other languages, of which there are few, are to be heard each time.
    """
    records: tuple[Record, ...] = load_corpus(CHECKOUT / "models" / "corpus").records
    new = [record for record in records if newest and Path(record.file).name.startswith(newest)]
    known = set(map(id, new))
    old = [record for record in records if id(record) not in known]
    if share < 1:
        kept = [record for record in old if has_all_tongues and record.language != "en"]
        drawn = [record for record in old if not (has_all_tongues and record.language != "en")]
        old = [*kept, *random.Random(SEED + run).sample(drawn, round(share * len(drawn)))]
    examples = from_corpus(old, seed=SEED, variants=(run,))
    examples.extend(from_corpus(new, seed=SEED, variants=tuple(range(run, run + times))))
    if office_mail is not None:
        office, _ = from_office_mail(office_mail)
        random.Random(SEED).shuffle(office)
        examples.extend(office[: round(share * OFFICE_MAILS)])
    return examples


def fit(
    reader: Reader,
    tokenizer: AutoTokenizer,
    examples: list[Example],
    *,
    epochs: int,
    rate: float,
    run: int,
    out: Path,
) -> None:
    """``out`` is written after every epoch, so that a run that is broken off has left something to go on from."""
    rng = random.Random(SEED + run)
    rows = [numbers_of(example.text, tokenizer) for example in examples]
    labels = torch.tensor(labels_of(examples).table.astype(np.int64))
    is_office = torch.tensor([example.is_office for example in examples])
    stretches = Stretches(examples, labels)
    pairs = Joined(examples, labels)
    plain = [name for name, _ in reader.named_parameters() if "bias" in name or "LayerNorm" in name]
    own = [
        {"params": [value for name, value in reader.base.named_parameters() if f"base.{name}" not in plain]},
        {
            "params": [value for name, value in reader.base.named_parameters() if f"base.{name}" in plain],
            "weight_decay": 0.0,
        },
        {"params": reader.head.parameters(), "lr": max(1e-3 * rate / 1.8e-4, 1e-4)},
    ]
    optimiser = torch.optim.AdamW(own, lr=rate, weight_decay=0.01, fused=True)
    steps = epochs * (len(rows) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 150) * max(0.02, 1 - step / steps)
    )
    average = torch.optim.swa_utils.AveragedModel(
        reader, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGED)
    )
    reader.train()
    for epoch in range(epochs):
        losses = []
        for chosen in _batches([len(row) for row in rows], rng):
            shown, wanted = [], []
            for place in chosen:
                text = examples[place].text
                part = pairs.joined(place, labels, rng) or stretches.cut(place, labels[place], rng)
                text, wish = (text, labels[place]) if part is None else part
                wanted.append(wish)
                if rng.random() < DISTURBED:
                    row = numbers_of(disturbed(text, rng), tokenizer)
                else:
                    row = rows[place] if part is None else numbers_of(text, tokenizer)
                hidden = tokenizer.mask_token_id
                shown.append([hidden if number > 999 and rng.random() < 0.05 else number for number in row])
            some = torch.tensor(chosen)
            loss = loss_of(reader(*batch_of(shown)), torch.stack(wanted), is_office[some])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(reader)
            losses.append(loss.item())
        print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}", file=sys.stderr, flush=True)
        torch.save(average.module.state_dict(), out)
    reader.load_state_dict(average.module.state_dict())
    reader.eval()


def _batches(lengths: list[int], rng: random.Random) -> list[list[int]]:
    """Texts of about one length together, in random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), BATCH * 20):
        near = sorted(order[start : start + BATCH * 20], key=lambda place: lengths[place])
        batches.extend(near[begin : begin + BATCH] for begin in range(0, len(near), BATCH))
    rng.shuffle(batches)
    return batches


def arrays_of(
    reader: Reader, tokenizer: AutoTokenizer, texts: list[tuple[str, str]]
) -> dict[str, np.ndarray]:
    """What ``encoder.encoder_of`` reads."""
    state = {name: value.detach().float().numpy() for name, value in reader.state_dict().items()}
    kept = _pieces_kept(tokenizer, texts)
    names = tokenizer.convert_ids_to_tokens(kept)
    embeddings, scales = quantised(
        state["base.embeddings.word_embeddings.weight"][kept]
        + state["base.embeddings.token_type_embeddings.weight"][0],
        per_deviation=STEPS_OF_EMBEDDINGS,
    )
    arrays: dict[str, np.ndarray] = {
        "vocabulary": np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
        "layers": np.array(len(reader.base.encoder.layer)),
        "embeddings": embeddings,
        "embedding_scales": scales,
        "positions": state["base.embeddings.position_embeddings.weight"][:MOST_PIECES].astype(np.float16),
        "embedding_norm": _norm(state, "base.embeddings.LayerNorm"),
        "head": state["head.weight"].T.astype(np.float32),
        "head_bias": state["head.bias"],
    }
    for number in range(len(reader.base.encoder.layer)):
        place = f"base.encoder.layer.{number}"
        three = [f"{place}.attention.self.{name}" for name in ("query", "key", "value")]
        matrices = {
            "query_key_value": (
                np.concatenate([state[f"{name}.weight"] for name in three]),
                np.concatenate([state[f"{name}.bias"] for name in three]),
            ),
            "attention_out": _both(state, f"{place}.attention.output.dense"),
            "wide": _both(state, f"{place}.intermediate.dense"),
            "narrow": _both(state, f"{place}.output.dense"),
        }
        for name, (matrix, bias) in matrices.items():
            arrays[f"{number}.{name}"], arrays[f"{number}.{name}.scales"] = quantised(
                matrix, per_deviation=STEPS_OF_MATRICES
            )
            arrays[f"{number}.{name}_bias"] = bias
        arrays[f"{number}.attention_norm"] = _norm(state, f"{place}.attention.output.LayerNorm")
        arrays[f"{number}.output_norm"] = _norm(state, f"{place}.output.LayerNorm")
    return arrays


def _both(state: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    return state[f"{name}.weight"], state[f"{name}.bias"]


def _norm(state: dict[str, np.ndarray], name: str) -> np.ndarray:
    return np.stack([state[f"{name}.weight"], state[f"{name}.bias"]])


def _pieces_kept(tokenizer: AutoTokenizer, texts: list[tuple[str, str]]) -> list[int]:
    """Special marks, single characters, the pieces that several texts use, then the commonest of the base model."""
    counts = Counter(number for text in texts for number in set(numbers_of(text, tokenizer)))
    used = {number for number, count in counts.items() if count > 1}
    tokens = tokenizer.convert_ids_to_tokens(list(range(tokenizer.vocab_size)))
    special = {"[UNK]", "[CLS]", "[SEP]", "[MASK]", "[PAD]"}
    kept = [
        number
        for number, token in enumerate(tokens)
        if token in special or number in used or len(token.removeprefix("##")) == 1
    ]
    room = PIECES_KEPT - len(kept)
    others = (
        number
        for number, token in enumerate(tokens)
        if number not in used and not token.startswith("[unused") and len(token.removeprefix("##")) > 1
    )
    kept.extend(number for number, _ in zip(others, range(max(room, 0)), strict=False))
    return sorted(set(kept))


def state_of(file: Path, reader: Reader, tokenizer: AutoTokenizer) -> dict[str, torch.Tensor]:
    """The weights of a ``.pt`` that a run left, or of an ``.npz`` as it is served, whose pieces left out stay the base model's."""
    if file.suffix == ".pt":
        return torch.load(file, weights_only=True)
    with np.load(file) as stored:
        arrays = {name.removeprefix(PREFIX): stored[name] for name in stored.files if name.startswith(PREFIX)}
    state = reader.state_dict()

    def put(name: str, values: np.ndarray) -> None:
        state[name] = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))

    def put_norm(name: str, values: np.ndarray) -> None:
        put(f"{name}.weight", values[0])
        put(f"{name}.bias", values[1])

    def rows(name: str, scales: str) -> np.ndarray:
        return arrays[name] * arrays[scales][:, None]

    words = "base.embeddings.word_embeddings.weight"
    kept = tokenizer.convert_tokens_to_ids(arrays["vocabulary"].tobytes().decode().split("\n"))
    types = "base.embeddings.token_type_embeddings.weight"
    state[words] = state[words].clone()
    state[words][kept] = torch.from_numpy(rows("embeddings", "embedding_scales")) - state[types][0]
    places = "base.embeddings.position_embeddings.weight"
    state[places] = state[places].clone()
    state[places][: len(arrays["positions"])] = torch.from_numpy(arrays["positions"].astype(np.float32))
    put_norm("base.embeddings.LayerNorm", arrays["embedding_norm"])
    put("head.weight", arrays["head"].T)
    put("head.bias", arrays["head_bias"])
    for number in range(int(arrays["layers"])):
        place = f"base.encoder.layer.{number}"
        three = [f"{place}.attention.self.{name}" for name in ("query", "key", "value")]
        matrix = rows(f"{number}.query_key_value", f"{number}.query_key_value.scales")
        bias = arrays[f"{number}.query_key_value_bias"]
        for name, part, shift in zip(three, np.split(matrix, 3), np.split(bias, 3), strict=True):
            put(f"{name}.weight", part)
            put(f"{name}.bias", shift)
        for name, own in (
            ("attention_out", "attention.output.dense"),
            ("wide", "intermediate.dense"),
            ("narrow", "output.dense"),
        ):
            put(f"{place}.{own}.weight", rows(f"{number}.{name}", f"{number}.{name}.scales"))
            put(f"{place}.{own}.bias", arrays[f"{number}.{name}_bias"])
        put_norm(f"{place}.attention.output.LayerNorm", arrays[f"{number}.attention_norm"])
        put_norm(f"{place}.output.LayerNorm", arrays[f"{number}.output_norm"])
    return state


def averaged(files: list[str], reader: Reader, tokenizer: AutoTokenizer) -> dict[str, torch.Tensor]:
    """The weights of runs that began from one another, each by its share: steadier than the last of them."""
    shares = {name: float(share) for name, _, share in (file.rpartition("=") for file in files)}
    total = sum(shares.values())
    states = {name: state_of(Path(name), reader, tokenizer) for name in shares}
    first = next(iter(states.values()))
    return {
        key: sum(states[name][key] * (share / total) for name, share in shares.items())
        if value.is_floating_point()
        else value
        for key, value in first.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--office-mail", type=Path)
    parser.add_argument("--go-on-from", type=Path)
    parser.add_argument(
        "--average",
        action="append",
        help="FILE=WEIGHT, again for each: nothing is learned, what runs made is averaged",
    )
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--rate", type=float, default=1.8e-4)
    parser.add_argument("--newest", default="", help="beginnings of file names, with commas: see texts_of")
    parser.add_argument("--share", type=float, default=1.0, help="of the texts that are not the newest")
    parser.add_argument(
        "--all-tongues", action="store_true", help="the share is of the English texts; of other languages all"
    )
    parser.add_argument("--times", type=int, default=2, help="compositions of each of the newest")
    parser.add_argument(
        "--run", type=int, default=0, help="going on: 1, 2 ... for another order and composition"
    )
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    torch.manual_seed(SEED + chosen.run)
    torch.set_num_threads(chosen.threads)
    tokenizer = AutoTokenizer.from_pretrained(chosen.base)
    # Plain attention: the quicker kinds are slower backwards in halves of floats.
    base = AutoModel.from_pretrained(
        chosen.base, attention_probs_dropout_prob=0.0, attn_implementation="eager"
    )
    reader = Reader(base, chosen.layers)
    if chosen.average:
        reader.load_state_dict(averaged(chosen.average, reader, tokenizer))
    elif chosen.go_on_from:
        # Layers that it does not have yet begin as the base model's.
        reader.load_state_dict(state_of(chosen.go_on_from, reader, tokenizer), strict=False)
    examples = texts_of(
        chosen.office_mail,
        tuple(filter(None, chosen.newest.split(","))),
        chosen.run,
        share=chosen.share,
        times=chosen.times,
        has_all_tongues=chosen.all_tongues,
    )
    print(f"{len(examples)} texts", file=sys.stderr, flush=True)
    if not chosen.average:
        kept = chosen.out.with_suffix(".pt")
        fit(reader, tokenizer, examples, epochs=chosen.epochs, rate=chosen.rate, run=chosen.run, out=kept)
    written = [
        (spoken(record.subject), spoken(record.body))
        for record in load_corpus(CHECKOUT / "models" / "corpus").records
    ]
    arrays = arrays_of(reader, tokenizer, [*written, *(example.text for example in examples)])
    with chosen.out.open("wb") as file:
        np.savez_compressed(file, **{f"{PREFIX}{name}": array for name, array in arrays.items()})
    print(f"{chosen.out}: {chosen.out.stat().st_size} bytes, {len(arrays['embeddings'])} pieces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
