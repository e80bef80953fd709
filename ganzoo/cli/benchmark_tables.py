"""The tables that ``ganzoo bench`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.benchmark.measurement import Measurement

Rows = list[tuple[str, ...]]
"""A table; its first row is the headings."""


def title(found: Measurement) -> Iterator[str]:
    """Lines that say what was measured."""
    yield (
        f"{found.architecture} with {found.loss} on {found.dataset}: {found.size} pixels, "
        f"batches of {found.batch_size} images, {found.images} in a step"
    )
    for what in ("regularizers", "augmentations"):
        if names := getattr(found, what):
            yield f"{what}: {', '.join(names)}"
    layout = ", channels_last" if found.channels_last else ""
    many = "process" if found.processes == 1 else "processes"
    threads = "1 thread" if found.threads == 1 else f"{found.threads} threads"
    yield f"{found.device}, {found.precision}{layout}, {found.processes} {many} with {threads}"
    parameters = (f"{name} {_unit(count)}" for name, count in found.parameters.items())
    memory = "" if found.peak_memory is None else f"; peak memory: {_unit(found.peak_memory)}B"
    yield f"parameters: {', '.join(parameters)}{memory}"


def speed(found: Measurement) -> Rows:
    """The speed and its spread over the timed steps."""
    rows: Rows = [("", "median", "10 %", "90 %")]
    for name, spread in (
        ("images/s", found.images_per_second),
        ("seconds per 1,000 images", found.seconds_per_1000_images),
        ("ms per step", found.seconds_per_step.scaled(1000)),
    ):
        rows.append((name, *map(_number, spread)))
    return rows


def parts(found: Measurement) -> Rows:
    """The share of each part in the time of a step."""
    rows: Rows = [("part of a step", "ms", "share")]
    for part, share in found.shares.items():
        rows.append((part, _number(found.parts[part] * 1000), f"{share:.1%}"))
    return rows


def ceiling(found: Measurement) -> Rows:
    """The rates of the machine, and which share of them a step reaches."""
    rows: Rows = [("this machine", "rate", "a step reaches")]
    reached = found.operations_per_second
    for name in ("matrix_product", "convolution"):
        rate = getattr(found.ceiling, name)
        share = f"{reached / rate:.0%}"
        rows.append((name.replace("_", " "), f"{_unit(rate)} operations/s", share))
    rows.append(("copy", f"{_unit(found.ceiling.copy)}B/s", ""))
    return rows


def operators(found: Measurement, count: int) -> Rows:
    """The operators of torch that take the most time."""
    rows: Rows = [("operator", "calls", "ms", "share", "operations", "operations/s", "bytes/s")]
    total = sum(cost.seconds for cost in found.operators)
    for cost in found.operators[:count]:
        measured = [_unit(cost.operations), _unit(cost.operations / cost.seconds)]
        rows.append(
            (
                *(cost.operator, f"{cost.calls:.0f}", _number(cost.seconds * 1000)),
                f"{cost.seconds / total:.1%}",
                *(measured if cost.operations else ["", ""]),
                _unit(cost.bytes / cost.seconds),
            )
        )
    return rows


def zoo(rows: Mapping[str, Measurement | str]) -> Rows:
    """One row for each architecture; the row of one that was not measured has no numbers."""
    headings = ("architecture", "batch", "parameters", "operations/image", "images/s")
    table: Rows = [(*headings, "s per 1,000 images", "of matrix product", "peak memory")]
    for name, found in rows.items():
        if isinstance(found, str):
            table.append((name, *("-",) * (len(table[0]) - 1)))
            continue
        table.append(
            (
                *(name, str(found.batch_size)),
                " + ".join(map(_unit, found.parameters.values())),
                _unit(found.operations * found.processes / found.images),
                _number(found.images_per_second.median),
                _number(found.seconds_per_1000_images.median),
                f"{found.operations_per_second / found.ceiling.matrix_product:.0%}",
                "-" if found.peak_memory is None else f"{_unit(found.peak_memory)}B",
            )
        )
    return table


def plain(found: Measurement) -> dict[str, Any]:
    """Everything that was measured, and what follows from it, as plain values."""
    values = asdict(found)
    for name in ("seconds_per_step", "seconds_per_1000_images", "images_per_second"):
        values[name] = getattr(found, name)._asdict()
    values["shares"] = found.shares
    values["operations_per_second"] = found.operations_per_second
    return values


def plain_zoo(rows: Mapping[str, Measurement | str]) -> list[dict[str, Any]]:
    """The same for each architecture; one that was not measured has an ``error``."""
    return [
        {"architecture": name, "error": found} if isinstance(found, str) else plain(found)
        for name, found in rows.items()
    ]


def _number(value: float) -> str:
    """A number with three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _unit(value: float) -> str:
    """A number with a unit prefix: ``3.58 M``."""
    for prefix, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g} "
