"""Lists of addresses, as JSON, JSON lines, CSV or plain text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

from ganzoo.errors import RequestError

MOST_BYTES = 256 * 2**20
MOST_ENTRIES = 1_000_000
LONGEST_TEXT = 100_000
"""Characters, which any reader of CSV takes."""
_MOST_SHOWN = 12


class Keys(NamedTuple):
    """Under which keys or column names a list says what."""

    address: str = "url"
    description: str = "description"
    """Lists without descriptions need not have this key, but must have any other."""
    label: str | None = None


class Entry(NamedTuple):
    """A line of a list; without description or label, those are empty."""

    address: str
    description: str = ""
    label: str = ""


class Listed(NamedTuple):
    """What a list holds."""

    entries: list[Entry]
    malformed: list[str]
    """One line for each entry without an address that can be read: its place, and what it lacks."""


class _Malformed(RequestError):
    """An entry that cannot be used, which is no reason not to use the others."""


class _Row(NamedTuple):
    place: str
    values: Mapping[str, Any]
    fault: str = ""
    """Why it has no values."""


def read_list(path: Path, keys: Keys) -> Listed:
    """The entries of a list, in its order, and those that are malformed.

    What kind of list it is follows from its content.

    A JSON list or JSON lines hold objects; CSV is parted by commas, semicolons or tabs; plain text
    has one address in each line and comments after ``#``.

    Raises RequestError for a file that is none of these, or too large, or lacks a key, or has no
    address at all.
    """
    entries: list[Entry] = []
    malformed: list[str] = []
    missing = {keys.description, keys.label} - {"description", None}
    has: Mapping[str, Any] = {}
    for row in islice(_rows(path, _text(path), keys.address), MOST_ENTRIES + 1):
        try:
            entries.append(_entry(row, keys))
        except _Malformed as error:
            malformed.append(str(error))
            continue
        has = row.values
        missing -= has.keys()
    if not entries:
        reason = f": {malformed[0]}" if malformed else ""
        raise RequestError(f"there is no address in {path}{reason}")
    if len(entries) + len(malformed) > MOST_ENTRIES:
        raise RequestError(f"{path} has more than {MOST_ENTRIES:,} entries: split it")
    for key in missing:
        raise RequestError(
            f"nothing in {path} has {key!r}; it has {_names(has)}: name the key with "
            f"--{'label' if key == keys.label else 'description'}"
        )
    return Listed(entries, malformed)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RequestError(f"cannot read the list {path}: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise RequestError(f"{path} has more than {MOST_BYTES:,} bytes: split it")
    try:
        return content.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is no text in UTF-8: {error.reason}") from error


def _rows(path: Path, text: str, address: str) -> Iterator[_Row]:
    if text.startswith("["):
        return _of_json(path, [("", text)])
    if text.startswith("{"):
        return _of_json(path, ((f"line {n} of ", line) for n, line in _lines(text)))
    _, header = next(_lines(text), (0, ""))
    delimiter = _delimiter(header, address)
    if delimiter or path.suffix.lower() == ".csv":
        return _of_csv(path, text, delimiter or ",")
    return _of_plain_text(path, text, address)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, numbered from 1; JSON may hold what else parts lines."""
    file = io.StringIO(text, newline=None)
    lines = ((number, line.strip()) for number, line in enumerate(file, 1))
    return ((number, line) for number, line in lines if line)


def _of_json(path: Path, documents: Iterable[tuple[str, str]]) -> Iterator[_Row]:
    """The objects of one document, or of one in each line, where the others count without it."""
    number = 0
    for place, document in documents:
        try:
            found = json.loads(document)
        except (ValueError, RecursionError) as error:
            if not place:
                raise RequestError(f"{path} is no JSON: {error}") from error
            yield _Row(f"{place}{path}", {}, f"is no JSON: {error}")
            continue
        for values in found if isinstance(found, list) else [found]:
            number += 1
            where = f"{place}{path}" if place else f"entry {number} of {path}"
            if isinstance(values, dict):
                yield _Row(where, values)
            else:
                yield _Row(where, {}, 'is no object such as {"url": ...}')


def _delimiter(header: str, column: str) -> str | None:
    """What parts the columns, if one of them has this name."""
    for delimiter in ",;\t":
        with suppress(csv.Error):  # too long for a header
            if column in next(csv.reader([header], delimiter=delimiter), []):
                return delimiter
    return None


def _of_csv(path: Path, text: str, delimiter: str) -> Iterator[_Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for values in reader:
            named = {name: value for name, value in values.items() if name is not None}
            yield _Row(f"line {reader.line_num} of {path}", named)
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num} of {path} is no CSV: {error}") from error


def _of_plain_text(path: Path, text: str, address: str) -> Iterator[_Row]:
    for number, line in _lines(text):
        # A "#" inside an address is a part of it.
        if found := re.sub(r"(^|\s)#.*", "", line).strip():
            yield _Row(f"line {number} of {path}", {address: found})


def _entry(row: _Row, keys: Keys) -> Entry:
    if row.fault:
        raise _Malformed(f"{row.place} {row.fault}")
    address = row.values.get(keys.address)
    if keys.address in row.values and not (isinstance(address, str) and address.strip()):
        found = "empty" if address in (None, "") else shorten(repr(address), 40)
        raise _Malformed(f"{row.place} has no address: {keys.address!r} is {found}")
    if not isinstance(address, str):
        raise _Malformed(
            f"{row.place} has no address as {keys.address!r}; it has {_names(row.values)}: "
            "name the key with --address"
        )
    label = None if keys.label is None else row.values.get(keys.label)
    description = row.values.get(keys.description)
    if isinstance(description, list | dict) or isinstance(label, list | dict):
        raise _Malformed(f"{row.place} has a list or an object where a text belongs")
    entry = Entry(_plain(address), _plain(description), _plain(label))
    if max(map(len, entry)) > LONGEST_TEXT:
        raise _Malformed(f"{row.place} has a text of more than {LONGEST_TEXT:,} characters")
    return entry


def _plain(value: Any) -> str:
    """A value as text that can be written in UTF-8, which half of a JSON surrogate cannot."""
    return "" if value is None else str(value).strip().encode(errors="replace").decode()


def _names(values: Mapping[str, Any]) -> str:
    more = "" if len(values) <= _MOST_SHOWN else ", ..."
    return (", ".join(list(values)[:_MOST_SHOWN]) or "nothing") + more
