"""Let standard output and standard error take text that their encoding does not have."""

from __future__ import annotations

import codecs
import io
import sys

_ERROR_HANDLER = "ganzoo-escape"


def escape_unencodable_text() -> None:
    """Write characters that a stream's encoding does not have as escapes, instead of failing.

    A path that is not valid in the file system's encoding is written as its original bytes.
    """
    codecs.register_error(_ERROR_HANDLER, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not if it is closed, or replaced by a test
            stream.reconfigure(errors=_ERROR_HANDLER)


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    first = UnicodeEncodeError(
        error.encoding, error.object, error.start, error.start + 1, error.reason
    )
    try:
        return codecs.lookup_error("surrogateescape")(first)
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(first)
