"""The errors that are a user's business: each message names the thing, the place and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any


class RequestError(ValueError):
    """What was asked for cannot be done as it was asked; the command line ends with status 2."""


class PluginError(Exception):
    """A fault in a plugin's code, in one line that says whose and where.

    The command line ends with status 1. The error that it came from is its ``__cause__``.
    """


class ContractError(TypeError):
    """What a component made or returned is not what its kind promises; ``at`` is the code of it."""

    def __init__(self, message: str, at: Any = None) -> None:
        super().__init__(message)
        self.at = at


class Stopped(BaseException):
    """Work was asked to stop before a run had anything to save; the same command does it again.

    Like KeyboardInterrupt it is no error, and passes by whatever deals with errors.
    """


class Terminated(Stopped):
    """A signal has come where nothing else waited for it; the command ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class UnknownName(RequestError, LookupError):
    """A name that nothing installed answers to, or that more than one thing answers to."""


class UnreadableImage(RequestError):
    """An image that cannot be decoded.

    A source raises it with ``skip=True`` when the user asked to leave such images out;
    preparation then goes on without the image and says so at the end.
    """

    def __init__(self, image: str | PurePath, reason: str, *, skip: bool = False) -> None:
        super().__init__(f"cannot read the image {image}: {reason}")
        self.image = str(image)
        self.reason = reason
        self.skip = skip


def place_in(error: BaseException, module: str) -> str:
    """``file:line`` of the innermost frame in a plugin's own code, or nothing if there is none.

    ``module`` is the name of one of the plugin's modules: its own code is all that is in the same
    top-level package. Errors that the error was raised from are searched where it has no such
    frame itself.
    """
    package = module.partition(".")[0]
    seen: BaseException | None = error
    searched: set[int] = set()  # two errors may be each other's context
    while seen is not None and id(seen) not in searched:
        searched.add(id(seen))
        place, trace = "", seen.__traceback__
        while trace is not None:
            name = str(trace.tb_frame.f_globals.get("__name__", ""))
            if name.partition(".")[0] == package:
                place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        if isinstance(seen, SyntaxError) and seen.filename and seen.lineno:
            place = f"{seen.filename}:{seen.lineno}"
        if place:
            return place
        seen = seen.__cause__ or seen.__context__
    return ""


def in_one_line(error: BaseException) -> str:
    """What went wrong, without line breaks; the kind of error where it says more than the text."""
    plain = isinstance(error, ValueError | ArithmeticError | OSError | PluginError)
    text = " ".join(str(error).split())
    return text if plain and text else f"{type(error).__name__}: {text}".removesuffix(": ")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean ...?"`` with the nearest known names, or nothing."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


_NO_MEMORY = ("out of memory", "can't allocate memory", "Unable to allocate")
"""What CUDA, torch on the CPU and NumPy say."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory."""
    return any(words in str(error) for words in _NO_MEMORY)


def described(value: Any) -> str:
    """The type of a value with its article: ``"a tuple"``, ``"None"``."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
