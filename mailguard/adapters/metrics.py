"""Figures as a file in the Prometheus text format, for node_exporter's textfile collector.

A file and no listener: nothing more to open in a firewall, and a daemon that has died leaves its age behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from mailguard.app.metrics import Figure
from mailguard.app.ports import TemporaryFailure

_PREFIX = "mailguard"


def write_metrics(path: Path, figures: Iterable[Figure]) -> None:
    """Replace the file at once. Raises TemporaryFailure when it cannot be written."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for figure in figures:
        if figure.name not in gauges:
            labels = [figure.label] if figure.label else []
            gauges[figure.name] = Gauge(
                figure.name, figure.says, labels, namespace=_PREFIX, registry=registry
            )
        gauge = gauges[figure.name]
        (gauge.labels(figure.value_of) if figure.label else gauge).set(figure.value)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise TemporaryFailure(f"metrics.textfile {path}: {error.strerror}") from error
