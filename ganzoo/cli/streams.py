"""Standard output and standard error that take any text, whatever their encoding."""

from __future__ import annotations

import codecs
import io
import sys

_LENIENT = "ganzoo-lenient"


def accept_any_text() -> None:
    """Write what a stream's encoding lacks as an escape: work that is done does not fail for it.

    A path that is not text in the file system's encoding is written as the bytes that it is.
    """
    codecs.register_error(_LENIENT, _encoded)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not one that is closed, or a test's own
            stream.reconfigure(errors=_LENIENT)


def _encoded(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    first = UnicodeEncodeError(
        error.encoding, error.object, error.start, error.start + 1, error.reason
    )
    try:
        return codecs.lookup_error("surrogateescape")(first)
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(first)
