"""What to write where the images of a run lie somewhere else by now."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from ganzoo.run import Run


@contextmanager
def naming_moved(run: Run) -> Iterator[None]:
    """An error about a path of the dataset that is gone ends with the command that names another.

    Raises RequestError.
    """
    try:
        yield
    except RequestError as error:
        gone = [
            f"dataset.{option}"
            for option, value in run.dataset.options
            if isinstance(value, Path) and str(value) in str(error) and not value.exists()
        ]
        if not gone:
            raise
        # Without what was given for it before; `python -m ganzoo` has a file's name at the front.
        given = [each for each in sys.argv[1:] if each.partition("=")[0] not in gone]
        command = shlex.join(["ganzoo", *given, *(f"{key}=NEW" for key in gone)])
        raise RequestError(f"{error}; if it has moved, write `{command}`") from error
