"""Ways to break the bytes of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_STARTS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x24\0\0\0WEBPVP8 ", b"GIF89a", b"BM"),
    *(b"II*\0", b"MM\0*", b"P6 9 9 255\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x89HDF\r\n\x1a\n"),
    *(b"\x93NUMPY\x01\0", b"\x80\x02}", b"<!DOCTYPE html>", b"\xef\xbb\xbf", b"\0\0\x08\x03"),
)
"""The first bytes of many file formats."""

_HEADER = 400
"""The number of bytes at the start in which most formats store lengths."""

_DIGITS = b"9" * 5000
_VALUES = (
    *(b"null", b"true", b"-1", b"0", b"0.5", b"1e999", b"-1e-999", b"NaN", b"nan", b"Infinity"),
    *(b"inf", b"-inf", b"9223372036854775808", _DIGITS, b"-" + _DIGITS, b'""', b"''", b'"', b"{"),
    *(b'"\\ud800"', b'"\\u0000"', b'"\\uD800"', b"\\", b"[]", b"{}", b"[[]]", b"{}{}", b"[1, 2]"),
    *(b'{"name": 1}', b'{"a": {"b": []}}', b"[" * 20_000, b'{"a":' * 20_000, b"a." * 3000 + b"a"),
    *(b"1979-05-27T07:32:00Z", b"0xffff", b"1_0", b"../../x", b"/", b"~nobody/x", b"NUL", b"=1"),
    *(b"http://[::1", b"http://a:99999/", b"http://\xc2\xad/", b"http://xn--a/", b"\t\x0b\x0c"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xc3\xa4", "١٢".encode(), b"x" * 150_000, b'"' + b"y" * 999),
)
"""Values that are invalid or unusual for numbers and texts in a file."""

_TOKEN = re.compile(rb'"[^"\n]*"|[^\s"=:,;\[\]{}]+')

Way = Callable[[bytearray, Random], None]


def break_bytes(original: bytes, others: Sequence[bytes], random: Random) -> tuple[str, bytes]:
    """Break these bytes; the ways, and the result. ``others`` are files to splice with."""
    return _broken(original, others, random, _OF_BYTES)


def break_text(original: bytes, others: Sequence[bytes], random: Random) -> tuple[str, bytes]:
    """As ``break_bytes``, but mostly in ways that keep the structure of a text."""
    return _broken(original, others, random, _OF_TEXT * 3 + _OF_BYTES)


def _broken(
    original: bytes, others: Sequence[bytes], random: Random, ways: Sequence[Way]
) -> tuple[str, bytes]:
    content = bytearray(original)
    if random.random() < 0.08:
        other = random.choice(others)
        content[random.randrange(len(content) + 1) :] = other[random.randrange(len(other) + 1) :]
        return "splice", bytes(content)
    chosen = random.choices(ways, k=random.choice((1, 1, 1, 2, 3)))
    for way in chosen:
        way(content, random)
    return " and ".join(way.__name__.strip("_").replace("_", " ") for way in chosen), bytes(content)


def _run(content: bytearray, random: Random) -> slice:
    """A random range of bytes; in half of the cases in the header."""
    start = random.randrange(max(1, len(content)))
    if random.random() < 0.5:
        start = min(start, random.randrange(_HEADER))
    return slice(start, start + 2 ** random.randrange(10))


def _flip_bits(content: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 8, 64)) if content else 0):
        content[min(_run(content, random).start, len(content) - 1)] ^= 1 << random.randrange(8)


def _overwrite(content: bytearray, random: Random) -> None:
    run = _run(content, random)
    size = len(content[run])
    content[run] = random.choice((random.randbytes(size), b"\0" * size, b"\xff" * size))


def _insert(content: bytearray, random: Random) -> None:
    run = _run(content, random)
    content[run.start : run.start] = random.randbytes(run.stop - run.start)


def _delete(content: bytearray, random: Random) -> None:
    del content[_run(content, random)]


def _duplicate(content: bytearray, random: Random) -> None:
    run = _run(content, random)
    content[run.start : run.start] = content[run] * random.choice((1, 1, 9))


def _truncate(content: bytearray, random: Random) -> None:
    del content[random.choice((0, 1, len(content) // 2, max(0, len(content) - 1), 10**9)) :]
    del content[random.randrange(len(content) + 1) :]


def _change_a_length(content: bytearray, random: Random) -> None:
    size = random.choice((1, 2, 4, 4, 8))
    value = random.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, -1, -2, 65535))
    start = _run(content, random).start
    number = (value % 256**size).to_bytes(size, random.choice(("little", "big")))
    content[start : start + size] = number


def _begin_otherwise(content: bytearray, random: Random) -> None:
    start = random.choice(_STARTS)
    content[: random.choice((0, len(start)))] = start


def _append(content: bytearray, random: Random) -> None:
    content += random.choice((b"\0" * 1024, random.randbytes(1024), bytes(content)))


def _put_another_value(content: bytearray, random: Random) -> None:
    tokens = list(_TOKEN.finditer(content))
    if tokens:
        start, end = random.choice(tokens).span()
        content[start:end] = random.choice(_VALUES)


def _exchange_values(content: bytearray, random: Random) -> None:
    tokens = list(_TOKEN.finditer(content))
    if tokens:
        (start, end), other = random.choice(tokens).span(), random.choice(tokens)[0]
        content[start:end] = other


def _change_lines(content: bytearray, random: Random) -> None:
    """Duplicate one, remove some, or shuffle all."""
    lines = content.splitlines(keepends=True)
    if lines:
        lines.insert(random.randrange(len(lines)), random.choice(lines))
        del lines[random.randrange(len(lines)) : random.choice((0, 0, len(lines)))]
        if random.random() < 0.3:
            random.shuffle(lines)
    content[:] = b"".join(lines)


def _write_otherwise(content: bytearray, random: Random) -> None:
    """Use another encoding or other line endings."""
    text = content.decode("utf-8", "replace")
    content[:] = random.choice(
        (
            text.encode("utf-16"),
            text.encode("utf-8-sig"),
            text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(),
            text.replace("\n", "\u2028").encode(),
            text.replace("e", "\0").encode(),
            text.replace("e", "\xe9").encode("latin-1", "replace"),
            text.replace("\n", " ").encode(),
        )
    )


_OF_BYTES: tuple[Way, ...] = (
    *(_flip_bits, _flip_bits, _overwrite, _insert, _delete, _duplicate, _truncate, _append),
    *(_change_a_length, _change_a_length, _begin_otherwise),
)
_OF_TEXT: tuple[Way, ...] = (
    *(_put_another_value, _put_another_value, _put_another_value),
    *(_exchange_values, _change_lines, _write_otherwise),
)
