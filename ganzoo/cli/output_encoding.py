"""Let standard output and standard error take any text, also if they are closed."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path

_ERROR_HANDLER = "ganzoo-escape"


def open_closed_streams() -> None:
    """Open the null device as each standard stream that was closed when the program started.

    Otherwise what is printed on standard error appears on standard output, and the next file that
    is opened, such as a checkpoint, has the number under which libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - until the end
            setattr(sys, name, stream)


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
