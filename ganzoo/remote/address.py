"""The address of data: a path of this machine, or a URL such as ``s3://bucket/train.tar``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from ganzoo.errors import RequestError
from ganzoo.user_path import user_path

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST_FILES = 100_000


def is_url(address: str) -> bool:
    """Whether this is a URL, not a path of this machine."""
    return "://" in address


def _checked(given: Any) -> str:
    text = str(given)
    if not text:
        raise ValueError("the address is empty")
    if not is_url(text):
        return str(user_path(text).absolute())
    parts = urlsplit(text)
    if parts.scheme == "file":
        raise ValueError("write the path alone, without file://")
    if "::" in text or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", parts.scheme):
        raise ValueError("write a path, or SCHEME://..., such as s3://bucket/images")
    if "@" in parts.netloc and parts.scheme in ("http", "https"):
        raise ValueError(
            "it contains a password, which would be stored in the run folder: leave it out, and "
            "give it to the program that serves the files"
        )
    return text


DataAddress = Annotated[str, BeforeValidator(_checked)]
"""The type of an option that is a path or a URL; paths are stored absolute."""


def shown(address: str) -> str:
    """The address for a message, without its query, which may contain a signature."""
    return address.partition("?")[0] if is_url(address) else address


def address_beside(address: str, name: str) -> str:
    """The address of the file ``name`` in the same folder."""
    if not is_url(address):
        return str(Path(address).parent / name)
    folder, query, signature = address.partition("?")
    return f"{folder.rpartition('/')[0]}/{name}{query}{signature}"


def expand_addresses(pattern: str) -> list[str]:
    """The addresses of a pattern: ``train-{000..099}.tar``, ``{train,test}.tar``, or several.

    Numbers keep their leading zeros; both ends of a range are included. Without braces, it is one
    address. Raises RequestError for braces that are neither, and for more than 100,000 addresses.
    """
    literal, choices = [], []
    end = 0
    for found in _BRACES.finditer(pattern):
        literal.append(pattern[end : found.start()])
        choices.append(list(itertools.islice(_choices(found[1], pattern), _MOST_FILES + 1)))
        end = found.end()
    rest = pattern[end:]
    if any(brace in text for text in (*literal, rest) for brace in "{}"):
        raise RequestError(f"{pattern}: a brace is not closed: write a range as {{000..099}}")
    combined = itertools.product(*choices)
    addresses = [
        "".join(itertools.chain.from_iterable(zip(literal, chosen, strict=True))) + rest
        for chosen in itertools.islice(combined, _MOST_FILES + 1)
    ]
    if len(addresses) > _MOST_FILES:
        raise RequestError(f"{pattern} names more than {_MOST_FILES:,} files")
    return addresses


def _choices(inside: str, pattern: str) -> Iterator[str]:
    """What stands in one pair of braces."""
    if bounds := _RANGE.fullmatch(inside):
        low, high = int(bounds[1]), int(bounds[2])
        if low > high:
            raise RequestError(f"{pattern}: write the range {{{inside}}} from low to high")
        width = len(bounds[1]) if bounds[1].startswith("0") else 0
        yield from (f"{number:0{width}}" for number in range(low, high + 1))
    elif "," in inside:
        yield from inside.split(",")
    else:
        raise RequestError(f"{pattern}: write {{{inside}}} as a range {{000..099}} or list {{a,b}}")
