"""Whose words a line holds: the sender's own, quoted, forwarded or a signature's.

One pass with a small state. Quotation marks and blockquotes decide line by line, so that answers between them
stay the sender's own; a separator ("Original Message", Outlook's From/Sent block, "Forwarded message")
decides to the end of its container. What cannot be told apart counts as own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailguard.domain.message import TextSource
from mailguard.reading import phrases
from mailguard.reading.lines import Hint, Line

_PATTERN_CHARS = 400  # a line's beginning is enough to know a separator by; longer ones are prose
_SIGNATURE_LINES = 25
_BLOCK_LOOKAHEAD = 7
_FORWARDED_SENDERS = 50
_LETTERHEAD_LINES = 10
_ARMOUR_LINES = 60
_MOBILE_CHARS = 120
_WORD = re.compile(r"[^\W\d_]{2,}")
_LINK = re.compile(r"<[^>]{0,100}>|https?:\S{0,100}|www\.\S{0,100}")
_LETTERHEAD_ABOVE = 3


@dataclass(frozen=True, slots=True)
class Sorted:
    """One source for each line given, and the raw From values of forwarded header blocks."""

    sources: list[TextSource]
    forwarded_from: list[str]


def sort_lines(lines: Sequence[Line], *, is_forward: bool, is_reply: bool) -> Sorted:
    """The source of each line. ``is_forward`` and ``is_reply`` are what subject and threading headers say."""
    sorter = _Sorter(lines, is_forward=is_forward, is_reply=is_reply)
    sorter.run()
    sources = sorter.sources
    _cut_letterhead(lines, sources)
    if not any(source is TextSource.OWN and line.text for source, line in zip(sources, lines, strict=True)):
        for index, source in enumerate(sources):
            # Nobody is answered: whoever marks all of his words as a quotation has written them. In an answer
            # only marks are believed: below a bare separator the answer itself may stand.
            if source is TextSource.QUOTED and (not is_reply or index in sorter.unmarked):
                sources[index] = TextSource.OWN
    return Sorted(sources=sources, forwarded_from=sorter.forwarded_from)


def _cut_letterhead(lines: Sequence[Line], sources: list[TextSource]) -> None:
    """A business signature without separator: short last lines among which are an organisation or a post and
    a labelled telephone number. Less than that is not enough: children write names and handles below their
    mail.
    """
    own = [index for index, line in enumerate(lines) if line.text and sources[index] is TextSource.OWN]
    last = own[-_LETTERHEAD_LINES:]
    phone = next(
        (
            place
            for place, index in enumerate(last)
            if phrases.TELEPHONE.match(lines[index].text[:_PATTERN_CHARS])
        ),
        -1,
    )
    if phone < 0:
        return
    start = phone
    while start > 0 and phone - start < _LETTERHEAD_ABOVE:
        text = lines[last[start - 1]].text
        if len(text) > 80 or text.rstrip()[-1:] in ".?!," or last[start] - last[start - 1] > 1:
            break
        start -= 1
    block = [lines[index].text for index in last[start:]]
    if len(block) >= 3 and any(phrases.ORGANISATION.search(text[:_PATTERN_CHARS]) for text in block):
        for index in last[start:]:
            sources[index] = TextSource.SIGNATURE


def _begins_attribution(text: str) -> bool:
    text = text[:_PATTERN_CHARS]
    return bool(phrases.ATTRIBUTION_START.match(text) and phrases.HAS_EVIDENCE.search(text))


def _is_by_program(attribution: str) -> bool:
    """ "On 14 November Mr Brown said to him:" is a sentence; an address, or a year and a time of day, is what programs write."""
    found = phrases.ADDRESS_OR_YEAR.search(attribution)
    return found is not None and (
        found.group() == "@" or "@" in attribution or bool(phrases.TIME_OF_DAY.search(attribution))
    )


def _is_mobile_line(text: str) -> bool:
    match = phrases.MOBILE.match(text) if len(text) <= _MOBILE_CHARS else None
    if match is None:
        return False
    rest = _LINK.sub(" ", match.group("rest") or match.group("more") or "")
    return all(word in phrases.MOBILE_REST for word in _WORD.findall(rest.lower()))


class _Sorter:
    def __init__(self, lines: Sequence[Line], *, is_forward: bool, is_reply: bool) -> None:
        self._lines = lines
        self._is_forward = is_forward
        self._is_reply = is_reply
        self.sources: list[TextSource] = []
        self.forwarded_from: list[str] = []
        self._tail: TextSource | None = None
        self._tail_region = 0
        self._tail_was_marked = (
            False  # the forwarded text carries quotation marks: without them the sender speaks again
        )
        self._signature_until = -1
        self._foreign_mark = ""  # what stands for ">" in this message: "| ", "# ", "EL>"
        self._has_own = False
        self._no_disclaimer_until = -1
        self.unmarked: set[int] = set()

    def run(self) -> None:
        lines, sources = self._lines, self.sources
        while len(sources) < len(lines):
            index = len(sources)
            line = lines[index]
            if self._tail is not None and self._leaves_tail(line):
                self._tail = None
            if self._tail is not None:
                self._in_tail(index, line, self._tail)
            elif line.hint is Hint.QUOTE_BELOW:
                self._start_tail(index, self._separated_kind(), region=0)
            elif line.hint is Hint.QUOTE:
                sources.append(TextSource.QUOTED)
            elif line.hint is Hint.FORWARD:
                self._forwarded_header(index)
                sources.append(TextSource.FORWARDED)
            elif line.depth:
                self._signature_until = -1
                sources.append(TextSource.QUOTED)
            elif not line.text:
                sources.append(TextSource.SIGNATURE if index < self._signature_until else TextSource.OWN)
            else:
                self._unmarked(index, line)

    def _leaves_tail(self, line: Line) -> bool:
        if self._tail_region and line.region != self._tail_region and line.text:
            return True
        return self._tail_was_marked and not line.depth and bool(line.text)

    def _in_tail(self, index: int, line: Line, tail: TextSource) -> None:
        if tail is TextSource.FORWARDED:
            if line.depth:
                # Only Apple's forward is quoted as a whole; marks further down are older mail inside the
                # forwarded one.
                self._tail_was_marked = self._tail_was_marked or self._is_first_in_tail(index)
            self._forwarded_header(index)
        if tail is TextSource.QUOTED and not line.depth:
            self.unmarked.add(index)
        self.sources.append(tail)

    def _is_first_in_tail(self, index: int) -> bool:
        for earlier in range(index - 1, max(-1, index - 4), -1):
            text = self._lines[earlier].text
            if text:
                return bool(phrases.FORWARDED.match(text[:_PATTERN_CHARS]))
        return False

    def _unmarked(self, index: int, line: Line) -> None:
        text = line.text[:_PATTERN_CHARS]
        if self._foreign_mark and text.lstrip().startswith(self._foreign_mark):
            self.sources.append(TextSource.QUOTED)
            return
        if self._starts_tail(index, text):
            return
        span = self._attribution(index, text)
        if span:
            self._signature_until = -1
            self._attributed(index, span)
            return
        if (
            index < self._signature_until
            or line.hint is Hint.SIGNATURE
            or (phrases.SEPARATOR.match(line.text) and self._begin_signature(index))
        ):
            self.sources.append(TextSource.SIGNATURE)
        elif text.startswith("-----BEGIN PGP SIGNATURE-----"):
            self._signature_until = self._armour_end(index)
            self.sources.append(TextSource.SIGNATURE)
        elif _is_mobile_line(line.text):
            self.sources.append(TextSource.SIGNATURE)
        elif phrases.DISCLAIMER.match(text) and (until := self._disclaimer_end(index, line)):
            self._signature_until = until
            self.sources.append(TextSource.SIGNATURE)
        else:
            self._has_own = True
            self.sources.append(TextSource.OWN)

    def _starts_tail(self, index: int, text: str) -> bool:
        if (
            "-" in text
            or "_" in text
            or "=" in text
            or "*" in text
            or text[-1:] in ":："
            or "—" in text
            or "–" in text
        ):
            if phrases.FORWARDED.match(text):
                self._start_tail(index, TextSource.FORWARDED, region=self._lines[index].region)
                return True
            if phrases.ORIGINAL.match(text):
                self._start_tail(index, self._separated_kind(), region=self._lines[index].region)
                return True
        if (":" in text or "：" in text) and self._is_header_block(index):
            if index and self.sources and phrases.RULE.match(self._lines[index - 1].text[:_PATTERN_CHARS]):
                self.sources[-1] = TextSource.QUOTED
            self._start_tail(index, self._separated_kind(), region=self._lines[index].region)
            return True
        return False

    def _separated_kind(self) -> TextSource:
        return TextSource.FORWARDED if self._is_forward else TextSource.QUOTED

    def _start_tail(self, index: int, kind: TextSource, *, region: int) -> None:
        self._tail, self._tail_region, self._tail_was_marked = kind, region, False
        self._signature_until = -1
        if kind is TextSource.FORWARDED:
            self._forwarded_header(index)
        self.sources.append(kind)

    def _is_header_block(self, index: int) -> bool:
        if not phrases.FROM_LABEL.match(self._lines[index].text[:_PATTERN_CHARS]):
            return False
        labels, seen = 0, 0
        for line in self._lines[index + 1 : index + 1 + _BLOCK_LOOKAHEAD * 2]:
            if not line.text:
                continue
            seen += 1
            labels += bool(phrases.OTHER_LABEL.match(line.text[:_PATTERN_CHARS]))
            if labels >= 2 or seen >= _BLOCK_LOOKAHEAD:
                break
        return labels >= 2

    def _forwarded_header(self, index: int) -> None:
        text = self._lines[index].text[:_PATTERN_CHARS]
        match = phrases.FROM_LABEL.match(text) if ":" in text or "：" in text else None
        if match is None or len(self.forwarded_from) >= _FORWARDED_SENDERS:
            return
        below = self._lines[index + 1].text if index + 1 < len(self._lines) else ""
        value = match.group(1) or below
        if "@" in value or self._has_label_below(index):
            self.forwarded_from.append(value[:1_000])

    def _has_label_below(self, index: int) -> bool:
        below = [line.text for line in self._lines[index + 1 : index + 4] if line.text]
        return any(phrases.OTHER_LABEL.match(text[:_PATTERN_CHARS]) for text in below)

    def _attribution(self, index: int, text: str) -> int:
        """How many lines say who wrote what follows, 0 when none does."""
        joined = ""
        for count in range(1, 4):
            if index + count > len(self._lines):
                return 0
            line = self._lines[index + count - 1]
            if not line.text or line.depth:
                return 0
            if count > 1 and (self._lines[index + count - 2].is_paragraph or _begins_attribution(line.text)):
                # What stands above a whole attribution is the sender's: "Am scared to go home", "On 2 nights he came in".
                return 0
            joined = f"{joined} {line.text}".strip()
            if len(joined) > _PATTERN_CHARS:
                return 0
            if joined[-1] in ":：-_" and phrases.ATTRIBUTION.search(joined):
                is_dated = bool(
                    phrases.ATTRIBUTION_START.match(joined) and phrases.HAS_EVIDENCE.search(joined)
                )
                is_by_program = is_dated and _is_by_program(joined)
                if (
                    (self._quotation_follows(index + count) and (count == 1 or is_by_program))
                    or (is_dated and self._is_marked(index + count))
                    or (is_by_program and self._is_reply)
                ):
                    return count
                return 0
            if not phrases.ATTRIBUTION_START.match(text):
                return 0
        return 0

    def _quotation_follows(self, index: int) -> bool:
        for line in self._lines[index : index + 4]:
            if line.depth or line.hint is Hint.QUOTE:
                return True
            if line.text:
                return False
        return False

    def _is_marked(self, index: int) -> bool:
        """Whether what stands next has marks of another kind than ">"."""
        return phrases.FOREIGN_MARK.match(self._next_text(index)) is not None

    def _next_text(self, index: int) -> str:
        return next((line.text for line in self._lines[index : index + 4] if line.text), "")

    def _attributed(self, index: int, span: int) -> None:
        self.sources.extend([TextSource.QUOTED] * span)
        if self._quotation_follows(index + span):
            return
        if any(line.depth for line in self._lines[index + span : index + span + _BLOCK_LOOKAHEAD * 20]):
            return
        if mark := phrases.FOREIGN_MARK.match(self._next_text(index + span)):
            self._foreign_mark = mark.group(1)
        elif self._has_own:
            # No marks at all: a program that leaves the old text as it was. It stands below to the end of its
            # container. With nothing written above, the answer is below too and cannot be told apart.
            self._tail, self._tail_region, self._tail_was_marked = (
                TextSource.QUOTED,
                self._lines[index].region,
                False,
            )

    def _begin_signature(self, index: int) -> bool:
        """RFC 3676 4.3. More lines than a signature has are a letter: they stay the sender's own."""
        count = 0
        until = len(self._lines)
        for number in range(index + 1, len(self._lines)):
            line = self._lines[number]
            text = line.text[:_PATTERN_CHARS]
            if line.depth or line.hint in (Hint.QUOTE, Hint.QUOTE_BELOW, Hint.FORWARD):
                until = number
                break
            if text and (phrases.ORIGINAL.match(text) or phrases.FORWARDED.match(text)):
                until = number
                break
            count += bool(text)
            if count > _SIGNATURE_LINES:
                return False
        self._signature_until = until
        return True

    def _armour_end(self, index: int) -> int:
        for number in range(index, min(len(self._lines), index + _ARMOUR_LINES)):
            if self._lines[number].text.startswith("-----END PGP"):
                return number + 1
        return index + 1

    def _disclaimer_end(self, index: int, line: Line) -> int:
        """Where the paragraph ends that is a disclaimer, 0 when it only begins like one."""
        if index < self._no_disclaimer_until:
            return 0
        until = index + 1 if line.is_paragraph else self._paragraph_end(index)
        words = " ".join(other.text for other in self._lines[index:until])
        if phrases.LEGAL.search(words[: 4 * _PATTERN_CHARS]):
            return until
        self._no_disclaimer_until = until
        return 0

    def _paragraph_end(self, index: int) -> int:
        end = min(len(self._lines), index + _SIGNATURE_LINES)
        return next(
            (at for at in range(index, end) if not self._lines[at].text or self._lines[at].depth), end
        )
