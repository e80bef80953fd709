"""Errors that are shown to users: each message names the thing, the place and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any


class RequestError(ValueError):
    """A request that cannot be fulfilled; the command line exits with status 2."""


class PluginError(Exception):
    """An error in a plugin's code, in one line that names the component and the place.

    The command line exits with status 1. The original error is its ``__cause__``.
    """


class ContractError(TypeError):
    """A component made or returned something wrong; ``at`` is the object or function at fault."""

    def __init__(self, message: str, at: Any = None) -> None:
        super().__init__(message)
        self.at = at


class OutOfMemory(MemoryError):
    """A training step needs more memory than there is; the message says what to set."""


STOPPED = 75
"""The exit status of a run that stopped on request and can be resumed (EX_TEMPFAIL)."""


class Stopped(BaseException):
    """A request to stop arrived before the run had anything to save; run the same command again.

    Derived from BaseException, as KeyboardInterrupt is, so that ``except Exception`` ignores it.
    """


class Terminated(Stopped):
    """A signal arrived while nothing handled it; the command exits with ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class UnknownName(RequestError, LookupError):
    """A name that no installed component has, or that more than one has."""


class UnnamedComponent(RequestError):
    """Settings that do not name the dataset, architecture or loss; ``kind`` is which."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"which {kind}? Give its name, such as {kind}=NAME, or a recipe")
        self.kind = kind


class UnreadableImage(RequestError):
    """An image that cannot be decoded.

    A dataset raises it with ``skip=True`` if the user asked to skip such images. Preparation then
    continues without the image and reports it at the end.
    """

    def __init__(self, image: str | PurePath, reason: str, *, skip: bool = False) -> None:
        super().__init__(f"cannot read the image {image}: {reason}")
        self.image = str(image)
        """The name of the image, or its path."""
        self.reason = reason
        """Why it cannot be decoded."""
        self.skip = skip
        """Whether preparation continues without it."""


def place_in(error: BaseException, module: str) -> str:
    """``file:line`` of the innermost frame in a plugin's code; empty if there is none.

    ``module`` is the name of one of the plugin's modules; all code in the same top-level package
    counts. If the error has no such frame, the errors that it was raised from are searched.
    """
    package = module.partition(".")[0]
    current: BaseException | None = error
    searched: set[int] = set()  # two errors can be each other's context
    while current is not None and id(current) not in searched:
        searched.add(id(current))
        place, trace = "", current.__traceback__
        while trace is not None:
            name = str(trace.tb_frame.f_globals.get("__name__", ""))
            if name.partition(".")[0] == package:
                place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        if isinstance(current, SyntaxError) and current.filename and current.lineno:
            place = f"{current.filename}:{current.lineno}"
        if place:
            return place
        current = current.__cause__ or current.__context__
    return ""


def in_one_line(error: BaseException) -> str:
    """The error's message without line breaks; with its class unless the message is enough."""
    kinds = ValueError | ArithmeticError | OSError | PluginError | OutOfMemory
    plain = isinstance(error, kinds)
    text = " ".join(str(error).split())
    return text if plain and text else f"{type(error).__name__}: {text}".removesuffix(": ")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean ...?"`` with the most similar known names; empty if there are none.

    A name that differs only in upper and lower case is the only one.
    """
    import difflib

    names, wanted = {each.lower(): each for each in known}, name.lower()
    found = [wanted] if wanted in names else difflib.get_close_matches(wanted, names, n=3)
    close = [names[each] for each in found]
    return f"; did you mean {' or '.join(close)}?" if close else ""


_NO_MEMORY = ("out of memory", "can't allocate memory", "Unable to allocate")
"""Parts of the messages of CUDA, of torch on the CPU, and of NumPy."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error reports that there is not enough memory."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def described(value: Any) -> str:
    """The type of a value with its article: ``"a tuple"``, ``"None"``."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
