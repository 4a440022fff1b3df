"""The evaluation report as one HTML file: no script, nothing remote, readable on paper and in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mailguard.classifier.heads import GRAVE
from mailguard.classifier.plots import Line, plot
from mailguard.classifier.report_style import STYLE
from mailguard.classifier.report_tables import (
    classes_table,
    confusion_table,
    details,
    per_cent,
    section,
    slice_table,
    table,
)

Figures = Mapping[str, Any]


def report_page(figures: Figures) -> str:
    """All of ``evaluation.evaluate``'s answer for a reader. Total: what is not there is left out."""
    test = figures["test"]
    parts = [
        _opening(figures),
        _child(figures),
        _natures(figures),
        _events(test),
        _others(test),
        _calibration(test),
        _slices(figures),
        _robustness(figures),
        _probe(figures),
        _office(figures),
        _texts(figures),
        _misses(figures),
        _how(figures),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Model {escape(figures['model_id'])}: what it is worth</title><style>{STYLE}</style></head>"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _opening(figures: Figures) -> str:
    rows = [
        (
            escape(promise["what"]),
            escape(promise["wanted"]),
            f"<strong>{escape(promise['measured'])}</strong>",
            '<span class="met">met</span>' if promise["is_met"] else '<span class="missed">not met</span>',
        )
        for promise in figures["promises"]
    ]
    test = figures["test"]
    words = (
        f"<p>Measured on {test['texts']} held-out texts ({test['direct']} direct messages, {test['notifications']} "
        "notifications) that nothing was chosen on, by hands that did not write the training texts and on platforms "
        "of which most stand in no training text. All of them were written for this project: real mail will differ. "
        "<strong>No genuine modern notification of Instagram, Snapchat, TikTok or Discord has been tested, and no real "
        "pupil's or parent's mail.</strong></p>"
    )
    made = f'<p class="id">Model <code>{escape(figures["model_id"])}</code></p>'
    asked = table(("asked for", "wanted", "measured", ""), rows, raw=True)
    return f"<h1>What the model is worth</h1>{made}{words}{asked}"


def _child(figures: Figures) -> str:
    test = figures["test"]
    child, points = test["child"], test["curves"]["child's voice"]
    threshold = figures["thresholds"].get("child_voice")
    lines = [
        Line("children found", [(point["threshold"], point["recall"]) for point in points]),
        Line(
            "right, of those taken for a child",
            [(point["threshold"], point["precision"]) for point in points],
        ),
    ]
    drawn = plot(
        "A child's voice, by the model alone",
        lines,
        across="threshold",
        up="share",
        mark=threshold,
    )
    rows = [
        (
            "the voice alone",
            child["voice_found"],
            child["children"],
            len(child["voice_mistaken"]),
            child["adults"],
        ),
        (
            "the whole way: roll name, what the text says of itself, voice",
            child["whole_way_found"],
            child["children"],
            len(child["whole_way_mistaken"]),
            child["adults"],
        ),
    ]
    evidence = ", ".join(f"{code} {count}" for code, count in child["evidence"].items()) or "none"
    young = figures["young_adults"]
    return section(
        "Is it a child?",
        "<p>Children who write from an address that is on no list. Whoever is on a list is never asked: the lists decide. "
        f"Evidence found, whole way: {escape(evidence)}. {child['without_full_name']} of the texts come under a nickname, a handle, a "
        f"first name or a parent's name, which no roll has: {child['without_full_name_found']} of these are found.</p>",
        table(("by", "children found", "of", "adults mistaken", "of"), rows),
        drawn,
        details(
            f"Adults taken for a child ({len(child['whole_way_mistaken'])})", child["whole_way_mistaken"]
        ),
        f"<p>Of {young['texts']} texts by adults who write as the young do, {len(young['voice'])} have a child's voice and "
        f"{len(young['whole_way'])} would be taken for a child (a representative never is).</p>",
        details(
            "Which", [*young["voice"], *(each for each in young["whole_way"] if each not in young["voice"])]
        ),
    )


def _natures(figures: Figures) -> str:
    nature = figures["test"]["nature"]
    curves = figures["test"]["curves"]
    thresholds = figures["thresholds"]
    drawn = []
    for word in GRAVE:
        for writer, key in (("children", "nature_of_child"), ("adults", "nature_of_adult")):
            points = curves[f"{word} of {writer}"]
            if not points[0]["of"]:
                continue
            lines = [
                Line("found", [(point["threshold"], point["recall"]) for point in points]),
                Line("right, of those said", [(point["threshold"], point["precision"]) for point in points]),
            ]
            drawn.append(
                plot(
                    f"{word}, {writer} ({points[0]['of']} texts)",
                    lines,
                    across="threshold",
                    up="share",
                    mark=thresholds.get(key, {}).get(word),
                )
            )
    return section(
        "Nature of a direct message",
        f"<p>Every grave nature counts; a harmless one only where no grave one holds. Macro-F1 {nature['macro_f1']:.3f}; with "
        f"what lists, links and wordings add, {nature['whole_way_macro_f1']:.3f}. Headline right: {nature['headline_right']} of "
        f"{nature['texts']} ({per_cent(nature['headline_right_share'])}).</p>",
        classes_table(nature["classes"]),
        "<h3>Taken for what</h3>",
        confusion_table(nature["confusion"]),
        *(
            f"<details><summary>Written by {escape(writer)}</summary>{classes_table(nature[key])}</details>"
            for writer, key in (
                ("children", "of_child"),
                ("parents", "of_parent"),
                ("staff", "of_staff"),
                ("others", "of_other"),
            )
            if key in nature
        ),
        "<h3>What other thresholds would do</h3><p>The upright line is the threshold in force.</p>",
        f'<div class="plots">{"".join(drawn)}</div>',
    )


def _events(test: Figures) -> str:
    rows = [
        (words, test[key]["right"], test[key]["texts"], per_cent(test[key]["right_share"]))
        for words, key in (
            ("known platforms, whole way (recognisers first)", "whole_way_event_of_known_platforms"),
            ("known platforms, the model alone", "event_of_known_platforms"),
            ("platforms never seen, the model alone", "event_of_unseen_platforms"),
            ("platforms never seen, whole way", "whole_way_event_of_unseen_platforms"),
        )
    ]
    seen, taken = test["contacts_of_unseen_platforms"], test["machines_taken_for_platforms"]
    return section(
        "Event of a notification",
        table(("", "right", "of", "share"), rows),
        f"<p>Of {seen['texts']} contact events of platforms that no recogniser lists, {seen['seen']} are taken for a notification "
        f"the whole way, {seen['event_right']} of them with the right event: a service's sender and a very sure model, or "
        "its footer, words of contact and a fairly sure one. Advertisements, welcomes and shared files, which an office gets too, "
        "need words of life among members, which is why the last line of the table is lower. Of "
        f"{taken['texts']} machines' messages and office notices {taken['taken']} are taken for a social platform's.</p>",
        "<h3>Platforms never seen</h3>",
        classes_table(test["event_of_unseen_platforms"]["classes"]),
        confusion_table(test["event_of_unseen_platforms"]["confusion"]),
        "<h3>Known platforms, whole way</h3>",
        classes_table(test["whole_way_event_of_known_platforms"]["classes"]),
        confusion_table(test["whole_way_event_of_known_platforms"]["confusion"]),
    )


def _others(test: Figures) -> str:
    parts = []
    for head, words in (("kind", "Kind"), ("initiator", "Who writes")):
        found = test[head]
        parts.append(
            f"<h3>{words}: {found['right']} of {found['texts']} right ({per_cent(found['right_share'])})</h3>"
            + classes_table(found["classes"])
            + confusion_table(found["confusion"])
        )
    return section("Kind and writer", *parts)


def _calibration(test: Figures) -> str:
    drawn = []
    for head in ("kind", "event", "initiator", "nature"):
        bins = test[head]["calibration"]
        drawn.append(
            plot(
                f"{head}: error {test[head]['calibration_error']:.3f}",
                [Line("held out", [(entry["sure"], entry["right"]) for entry in bins], has_dots=True)],
                across="how sure the model is",
                up="how often it is right",
                has_diagonal=True,
            )
        )
    return section(
        "Calibration",
        "<p>On the dotted line the model is exactly as sure as it is right; above it, less sure than it might be. The error is the "
        "mean distance, weighed by how many answers there are (of natures: of every word for every text).</p>",
        f'<div class="plots">{"".join(drawn)}</div>',
    )


def _slices(figures: Figures) -> str:
    parts = []
    for name, rows in figures["slices"].items():
        parts.append(f"<h3>By {escape(name)}</h3>{slice_table(rows)}")
    return section(
        "Parts of the held-out set",
        "<p>A part of fewer than twenty texts says little by itself and is printed grey.</p>",
        *parts,
    )


def _robustness(figures: Figures) -> str:
    rows = [
        (
            name,
            each["texts"],
            f"{each['flipped']} ({per_cent(each['flipped_share'])})",
            f"{each['lost']} of {each['findings']} ({per_cent(each['lost_share'])})",
            f"{each['gained']} ({per_cent(each['gained_share'])})",
        )
        for name, each in figures["robustness"].items()
    ]
    return section(
        "Disturbed texts",
        "<p>Every third of the direct messages, disturbed as people do who wish to slip past a filter, or by the way. Counted are the "
        "grave natures and the child's voice: on how many texts anything changed, where something found rightly was lost, and where "
        "something wrong came up.</p>",
        table(
            ("disturbance", "texts", "anything changed", "rightly found, then lost", "wrongly gained"), rows
        ),
    )


def _probe(figures: Figures) -> str:
    found = figures.get("probe")
    if found is None:
        return ""
    rows = [
        (
            name,
            f"{each['auc']:.3f}",
            "; ".join(
                f"{entry['feature']} ({'real' if entry['real_more'] else 'ours'})"
                for entry in each["most_telling"]
            ),
        )
        for name, each in found["probes"].items()
    ]
    follows = [
        (
            name,
            f"{each['child_voice']:+.2f}",
            f"{each['grave_nature']:+.2f}",
            f"{each['mean_child_voice']:.3f}",
            f"{each['mean_grave_nature']:.3f}",
        )
        for name, each in found["model_follows_probe"].items()
    ]
    return section(
        "Can our texts be told from real mail?",
        f"<p>{found['ours']} ordinary English texts by adults and machines, composed as for training, against {found['real']} real "
        "office mails. 0.5 is guessing, 1 is certainty; authors and senders were kept whole. Behind each feature stands "
        "where there is more of it.</p>",
        table(("probe", "area under the curve", "most telling"), rows),
        "<p>They can be told apart: office mail of another time and trade has other words, wrapped lines, forwards and links. "
        "What matters is whether the model goes by that. Within mail that is <em>all</em> real, does what looks more like ours score "
        "higher? 0 is no, 1 is altogether.</p>",
        table(
            ("within", "child's voice", "gravest nature", "mean voice", "mean gravest nature"),
            follows,
        ),
    )


def _office(figures: Figures) -> str:
    found = figures.get("office_mail")
    if found is None:
        return ""
    rows = [
        (words, len(found[key]), found["messages"])
        for words, key in (
            ("held", "held"),
            ("delivered, but reported", "reported"),
            ("a child's voice, by the model alone", "child_voice"),
            ("a disclosure, allegation, threat, meeting or picture, by the model alone", "grave"),
            ("a notification, by the model alone", "notification"),
        )
    ]
    named = [
        details(f"Which were {words} ({len(found[key])})", found[key])
        for words, key in (
            ("held", "held"),
            ("reported", "reported"),
            ("a child's voice", "child_voice"),
            ("grave", "grave"),
            ("notifications", "notification"),
        )
        if found[key]
    ]
    return section(
        "Real office mail",
        "<p>Ordinary mail of real offices, judged as mail from outside to the head teacher of an invented school. None of it is a "
        "child's or a social network's; whatever is held here is a false alarm.</p>",
        table(("taken for", "messages", "of"), rows),
        *named,
    )


def _texts(figures: Figures) -> str:
    found = figures.get("texts")
    if found is None:
        return ""
    rows = [
        (
            name,
            counts["texts"],
            ", ".join(f"{count} {kind}" for kind, count in counts["kinds"].items()),
            f"{counts['platforms']} ({counts['platforms_of_three_years']})",
            len(counts["languages"]),
            counts["words"],
            counts["type_token_ratio"],
            counts["moving_type_token_ratio"],
        )
        for name, counts in found["sets"].items()
    ]
    across = [
        pair for pair in found["near_duplicates"] if pair["left"].split("/")[0] != pair["right"].split("/")[0]
    ]
    parts = [
        table(
            (
                "set",
                "texts",
                "kinds",
                "platforms (of three years or more)",
                "languages",
                "words",
                "types to tokens",
                "of 500 in a row",
            ),
            rows,
        ),
        f"<p>Near-duplicates (five-gram Jaccard {found['near_duplicate_bound']} or more): {len(found['near_duplicates'])}, of them "
        f"{len(across)} across sets. Same skeleton with other names in it ({found['alike_skeleton_bound']} or more): "
        f"{len(found['alike_skeletons'])}. Short texts that say what another says: {found['identical_short_texts']}.</p>",
        details(
            "Pairs that come nearest (by three words in a row)",
            [
                f"{pair['share']:.2f}  {pair['left']}  {pair['right']}"
                for pair in found["closest_by_three_grams"]
            ],
        ),
        details(
            "Files that share most five-grams with others",
            [f"{share:.3f}  {file}" for file, share in found["five_grams_shared_with_other_files"].items()],
        ),
    ]
    for key in ("natures", "initiators", "directions", "lengths_in_words", "languages"):
        lines = [
            f"{name}: " + ", ".join(f"{word} {count}" for word, count in counts[key].items())
            for name, counts in found["sets"].items()
        ]
        parts.append(details(f"Counts: {key.replace('_', ' ')}", lines))
    return section("The texts", *parts)


def _misses(figures: Figures) -> str:
    by_question: dict[str, list[str]] = {}
    for miss in figures["misses"]:
        line = f"{miss['place']}  {miss['truth']} → {miss['said']}  {miss['sure']:.2f}"
        by_question.setdefault(miss["question"], []).append(line)
    parts = [details(f"{question}: {len(lines)}", lines) for question, lines in by_question.items()]
    return section(
        "Every miss",
        "<p>File and line below models/held_out/test, what it is, what was said, and how sure the model was. The surest first.</p>",
        *parts,
    )


def _how(figures: Figures) -> str:
    rows = [
        (name, figures[key]["texts"], use)
        for name, key, use in (
            ("held_out/test", "test", "figures only; nothing was ever chosen on it"),
            ("held_out/choosing", "choosing", "thresholds and calibration were chosen on it"),
        )
        if key in figures
    ]
    parts = []
    if "choosing" in figures:
        compared: Sequence[tuple[str, ...]] = [
            (
                words,
                f"{figures['test'][head][key]:.3f}",
                f"{figures['choosing'][head][key]:.3f}",
            )
            for words, head, key in (
                ("kind right", "kind", "right_share"),
                ("initiator right", "initiator", "right_share"),
                ("event right, unseen platforms", "event_of_unseen_platforms", "right_share"),
                ("nature macro-F1", "nature", "macro_f1"),
                ("calibration error of natures", "nature", "calibration_error"),
            )
        ]
        parts.append(table(("", "test", "choosing"), compared))
        parts.append("<p>Where choosing is much better than test, too much was chosen.</p>")
    return section(
        "How this was measured",
        "<p>Every text was written to bytes as a mail, read, scored through the path that serves, and decided by the shipped "
        "table for an invented school. Its roll has the children of the texts who sign with a full name; no child's address is "
        "on a list, every parent's is. Whole authors and whole platforms were held out.</p>",
        table(("set", "texts", "used for"), rows),
        *parts,
    )
