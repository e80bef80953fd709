"""An error message's hint for a run whose images were moved."""

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
def hint_if_dataset_moved(run: Run) -> Iterator[None]:
    """Add the command with a new path to an error about a path of the dataset that is missing.

    Raises RequestError.
    """
    try:
        yield
    except RequestError as error:
        missing = [
            f"dataset.{option}"
            for option, value in run.dataset.options
            if isinstance(value, Path) and str(value) in str(error) and not value.exists()
        ]
        if not missing:
            raise
        # Not sys.argv[0]: for `python -m ganzoo` it is the path of a file.
        arguments = [each for each in sys.argv[1:] if each.partition("=")[0] not in missing]
        command = shlex.join(["ganzoo", *arguments, *(f"{key}=NEW" for key in missing)])
        raise RequestError(f"{error}; if it has moved, run `{command}`") from error
