"""The files in the cache folder, as a table and for JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ganzoo.cli.data.cache_entries import SMALL_KINDS, CacheEntry, Files
from ganzoo.cli.table import table


def entry_table(root: Path, entries: Sequence[CacheEntry]) -> Iterator[str]:
    """A row for each large entry, and for each kind of small ones."""
    from rich.filesize import decimal

    rows = [("kind", "contents", "size", "last used")]
    for entry in entries:
        if entry.kind not in SMALL_KINDS:
            size, used = decimal(entry.bytes), _date(entry.used)
            rows.append((entry.kind, _description(root, entry), size, used))
    for kind in SMALL_KINDS:  # they are only counted
        if same := [entry for entry in entries if entry.kind == kind]:
            size = decimal(sum(entry.bytes for entry in same))
            used = _date(max(entry.used for entry in same))
            rows.append((kind, f"{len(same):,} entries", size, used))
    return table(rows)


def _description(root: Path, entry: CacheEntry) -> str:
    """The path in the cache; for prepared images, also their dataset and preparation."""
    path = str(entry.path.relative_to(root))
    preparation = entry.about.get("preparation")
    preparation = preparation if isinstance(preparation, dict) else {}
    facts = {
        "dataset": entry.about.get("source"),
        "images": entry.about.get("images"),
        **{key: preparation.get(key) for key in ("resolution", "fit", "channels")},
    }
    return " ".join([path, *(f"{k}={value}" for k, value in facts.items() if value is not None)])


def plain_entries(root: Path, entries: Sequence[CacheEntry], others: Files) -> dict[str, Any]:
    """All entries and the other files, as plain values."""
    return {
        "folder": str(root),
        "bytes": sum(entry.bytes for entry in entries),
        "kept": [
            {
                "kind": entry.kind,
                "path": str(entry.path.relative_to(root)),
                "bytes": entry.bytes,
                "last_used": _date(entry.used),
                "about": entry.about,
            }
            for entry in entries
        ],
        "others": {str(path.relative_to(root)): state.st_size for path, state in others.items()},
    }


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))
