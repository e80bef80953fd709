"""Lists of URLs, as JSON, JSON lines, CSV or plain text."""

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

from ganzoo import RequestError

MAX_BYTES = 256 * 2**20
MAX_ENTRIES = 1_000_000
MAX_TEXT_LENGTH = 100_000
"""Characters of a URL, description or label: within the limit of Python's CSV reader."""
_MAX_SHOWN = 12


class Keys(NamedTuple):
    """The keys or column names of a list."""

    address: str = "url"
    description: str = "description"
    """The default key may be missing; any other must be in the list."""
    label: str | None = None


class Entry(NamedTuple):
    """An entry of a list; a missing description or label is an empty string."""

    address: str
    """The URL, not checked yet."""
    description: str = ""
    label: str = ""


class ParsedList(NamedTuple):
    """The content of a list."""

    entries: list[Entry]
    malformed: list[str]
    """A message for each entry that has no usable URL: its place and the reason."""


class _Malformed(RequestError):
    """An entry cannot be used; the others can."""


class _Row(NamedTuple):
    place: str
    values: Mapping[str, Any]
    error: str = ""
    """Why it has no values."""


def read_list(path: Path, keys: Keys) -> ParsedList:
    """Read the entries of a list, in order, and the messages about malformed ones.

    The format is detected from the content: a JSON list or JSON lines of objects; CSV with commas,
    semicolons or tabs; or plain text with one URL per line and comments after ``#``.

    Raises RequestError for a file that is in none of these formats, is too large, does not have
    one of the keys, or has no URL.
    """
    entries: list[Entry] = []
    malformed: list[str] = []
    missing = {keys.description, keys.label} - {"description", None}
    last: Mapping[str, Any] = {}
    for row in islice(_rows(path, _text(path), keys.address), MAX_ENTRIES + 1):
        try:
            entries.append(_entry(row, keys))
        except _Malformed as error:
            malformed.append(str(error))
            continue
        last = row.values
        missing -= last.keys()
    if not entries:
        reason = f": {malformed[0]}" if malformed else ""
        raise RequestError(f"there is no URL in {path}{reason}")
    if len(entries) + len(malformed) > MAX_ENTRIES:
        raise RequestError(f"{path} has more than {MAX_ENTRIES:,} entries: split it")
    for key in missing:
        raise RequestError(
            f"no entry of {path} has {key!r}; the last one has {_names(last)}: name the key with "
            f"--{'label' if key == keys.label else 'description'}"
        )
    return ParsedList(entries, malformed)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RequestError(f"cannot read the list {path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise RequestError(f"{path} has more than {MAX_BYTES:,} bytes: split it")
    try:
        return content.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is not text in UTF-8: {error.reason}") from error


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
    """The lines that are not blank, numbered from 1; JSON may contain other line separators."""
    file = io.StringIO(text, newline=None)
    lines = ((number, line.strip()) for number, line in enumerate(file, 1))
    return ((number, line) for number, line in lines if line)


def _of_json(path: Path, documents: Iterable[tuple[str, str]]) -> Iterator[_Row]:
    """The rows of one document, or of JSON lines; a malformed line does not affect the others."""
    number = 0
    for place, document in documents:
        try:
            content = json.loads(document)
        except (ValueError, RecursionError) as error:
            if not place:
                raise RequestError(f"{path} is not JSON: {error}") from error
            yield _Row(f"{place}{path}", {}, f"is not JSON: {error}")
            continue
        for values in content if isinstance(content, list) else [content]:
            number += 1
            where = f"{place}{path}" if place else f"entry {number} of {path}"
            if isinstance(values, dict):
                yield _Row(where, values)
            else:
                yield _Row(where, {}, 'is not an object such as {"url": ...}')


def _delimiter(header: str, column: str) -> str | None:
    """The delimiter of the columns; ``None`` if no column has this name."""
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
        raise RequestError(f"line {reader.line_num} of {path} is not CSV: {error}") from error


def _of_plain_text(path: Path, text: str, address: str) -> Iterator[_Row]:
    for number, line in _lines(text):
        # A "#" inside a URL starts its fragment.
        if url := re.sub(r"(^|\s)#.*", "", line).strip():
            yield _Row(f"line {number} of {path}", {address: url})


def _entry(row: _Row, keys: Keys) -> Entry:
    if row.error:
        raise _Malformed(f"{row.place} {row.error}")
    address = row.values.get(keys.address)
    if keys.address in row.values and not (isinstance(address, str) and address.strip()):
        value = "empty" if address in (None, "") else shorten(repr(address), 40)
        raise _Malformed(f"{row.place} has no URL: {keys.address!r} is {value}")
    if not isinstance(address, str):
        raise _Malformed(
            f"{row.place} has no URL under the key {keys.address!r}; it has {_names(row.values)}: "
            "name the key with --address"
        )
    label = None if keys.label is None else row.values.get(keys.label)
    description = row.values.get(keys.description)
    if isinstance(description, list | dict) or isinstance(label, list | dict):
        raise _Malformed(f"{row.place} has a list or an object as description or label, not a text")
    entry = Entry(_plain(address), _plain(description), _plain(label))
    if max(map(len, entry)) > MAX_TEXT_LENGTH:
        raise _Malformed(f"{row.place} has a text of more than {MAX_TEXT_LENGTH:,} characters")
    return entry


def _plain(value: Any) -> str:
    """A value as text that UTF-8 can encode: unpaired surrogates of JSON are replaced."""
    return "" if value is None else str(value).strip().encode(errors="replace").decode()


def _names(values: Mapping[str, Any]) -> str:
    more = "" if len(values) <= _MAX_SHOWN else ", ..."
    return (", ".join(list(values)[:_MAX_SHOWN]) or "nothing") + more
