"""One text part made into sorted lines, and the alternatives of one text weighed against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mailguard.domain.message import TextSource
from mailguard.reading.bounds import Bounds
from mailguard.reading.charset import clean, decode, evasions, html_charset
from mailguard.reading.html import render
from mailguard.reading.lines import Line, plain_lines
from mailguard.reading.links import link_behind, links_in
from mailguard.reading.phrases import ATTRIBUTION
from mailguard.reading.quoting import sort_lines

_WORD = re.compile(r"\w+")
_IN_ADDRESS = ("://", "www.")
_ENRICHED = re.compile(r"<<|</?[A-Za-z-]{1,40}>(?:[\w,#]{1,30}</param>)?")
HTML_TYPES = frozenset({"text/html", "text/x-amp-html", "text/watch-html", "application/xhtml+xml"})


@dataclass(slots=True)
class Text:
    """``sources`` has one entry a line. ``forwarded_from``: raw From values inside forwarded text."""

    lines: list[Line]
    sources: list[TextSource]
    forwarded_from: list[str] = field(default_factory=list)
    hidden: str = ""
    hidden_links: list[tuple[str, str]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    is_html: bool = False


@dataclass(slots=True)
class Seen:
    """What a reader of some texts has seen: lower-case words, and hosts that links lead to."""

    words: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def add(self, text: Text) -> None:
        for line in text.lines:
            self.words.update(_WORD.findall(line.text.lower()))
            self.hosts.update(
                link.host for href, _ in line.links for link in link_behind(href, "", TextSource.OWN)
            )
            self.hosts.update(link.host for link in links_in(line.text, TextSource.OWN))

    def lacks(self, line: Line) -> bool:
        """True when the line says something new. The address of a link is not words; its host is looked up."""
        shown = line.text.lower()
        if "/" in shown or "www." in shown:
            if any(link.host not in self.hosts for link in links_in(line.text, TextSource.OWN)):
                return True
            shown = " ".join(word for word in shown.split() if not any(mark in word for mark in _IN_ADDRESS))
        return any(len(word) > 1 and word not in self.words for word in _WORD.findall(shown))


@dataclass(frozen=True, slots=True)
class Threading:
    """What subject and header say of a message: a forward, a reply, neither."""

    is_forward: bool = False
    is_reply: bool = False


def read_text(
    data: bytes, content_type: str, parameters: dict[str, str], threading: Threading, bounds: Bounds
) -> Text:
    """The sorted lines of one decoded text part. Never raises."""
    charset = parameters.get("charset", "")
    if content_type in HTML_TYPES:
        return read_html(
            decode(data[: bounds.html_chars * 4], html_charset(data, charset)), threading, bounds
        )
    text = decode(data[: bounds.text_chars * 8], charset)
    if content_type in ("text/enriched", "text/richtext"):
        text = _ENRICHED.sub(lambda match: "<" if match.group() == "<<" else "", text)
    return read_plain(
        text,
        threading,
        bounds,
        is_flowed=parameters.get("format", "").lower() == "flowed",
        deletes_space=parameters.get("delsp", "").lower() == "yes",
    )


def read_plain(
    text: str, threading: Threading, bounds: Bounds, *, is_flowed: bool = False, deletes_space: bool = False
) -> Text:
    defects = evasions(text)
    cleaned = clean(text)
    if len(cleaned) > 2 * bounds.text_chars:
        cleaned = cleaned[: 2 * bounds.text_chars]
        defects.append("text-cut")
    lines = plain_lines(cleaned, is_flowed=is_flowed, deletes_space=deletes_space)
    found = sort_lines(lines, is_forward=threading.is_forward, is_reply=threading.is_reply)
    return Text(lines=lines, sources=found.sources, forwarded_from=found.forwarded_from, defects=defects)


def read_html(source: str, threading: Threading, bounds: Bounds) -> Text:
    rendering = render(source, bounds)
    defects = list(rendering.defects)
    whole = "\n".join(line.text for line in rendering.lines)
    if not whole.isascii():
        defects.extend(evasions(whole))
    for line in rendering.lines:
        line.text = clean(line.text)
    _read_marks(rendering.lines)
    found = sort_lines(rendering.lines, is_forward=threading.is_forward, is_reply=threading.is_reply)
    return Text(
        lines=rendering.lines,
        sources=found.sources,
        forwarded_from=found.forwarded_from,
        hidden=clean(rendering.hidden),
        hidden_links=rendering.hidden_links,
        defects=defects,
        is_html=True,
    )


def _read_marks(lines: list[Line]) -> None:
    """Quotation marks typed as text into HTML count where somebody is said to have written; elsewhere ">" is
    an arrow.
    """
    if not any(line.text[:1] == ">" for line in lines):
        return
    if any(line.text[-1:] in (":", "：") and ATTRIBUTION.search(line.text[-300:]) for line in lines):
        for line in lines:
            if line.text[:1] == ">" and not line.depth:
                content = line.text.lstrip("> ")
                line.depth = line.text[: len(line.text) - len(content)].count(">")
                line.text = content


def weigh_alternatives(branches: Sequence[list[Text]]) -> list[Text]:
    """What readers of any of the alternatives see: the last HTML one (else the last), and of the others the lines
    with words or links of their own. Programs show one of them and nobody knows which; so nothing may be lost by
    standing in the other.
    """
    filled = [branch for branch in branches if branch]
    if len(filled) < 2:
        return [text for branch in filled for text in branch]
    chosen = next(
        (branch for branch in reversed(filled) if any(text.is_html and text.lines for text in branch)),
        filled[-1],
    )
    seen = Seen()
    for text in chosen:
        seen.add(text)
    kept = list(chosen)
    for branch in filled:
        if branch is not chosen:
            kept.extend(other for text in branch if (other := only_new_words(text, seen)) is not None)
    return kept


def only_new_words(text: Text, seen: Seen) -> Text | None:
    """The lines of ``text`` with a word or link that was not seen; None when there are none and nothing is hidden."""
    lines: list[Line] = []
    sources: list[TextSource] = []
    for line, source in zip(text.lines, text.sources, strict=True):
        if seen.lacks(line):
            lines.append(line)
            sources.append(source)
    if not lines and not text.hidden:
        return None
    return replace(text, lines=lines, sources=sources, forwarded_from=text.forwarded_from if lines else [])


def as_forwarded(texts: Sequence[Text]) -> list[Text]:
    """The same lines as somebody else's words: all that is visible counts as forwarded."""
    for text in texts:
        text.sources = [TextSource.FORWARDED] * len(text.sources)
    return list(texts)
