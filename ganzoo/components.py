"""What a plugin declares: a name, a sentence, an options model, and where the code lives."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ganzoo.errors import RequestError

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _whole(path: Any) -> Path:
    """The absolute path; a folder may be called 2024, which looks like a number."""
    text = str(path)
    if not text:
        raise ValueError("the path is empty")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(str(error)) from error


LocalPath = Annotated[Path, BeforeValidator(_whole)]
"""The type of an option that names a file or folder: a run can then go on from anywhere."""


class Options(BaseModel):
    """The options of a component: immutable, and strict about unknown keys.

    Every field has a default and a description; bounds are pydantic constraints. An option that
    may be absent defaults to ``None``, since a settings file cannot write "nothing".
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # A name may be 2024, which a command line cannot tell from a number.
        coerce_numbers_to_str=True,
        # Commands that only list components need no validators.
        defer_build=True,
    )


@dataclass(frozen=True, kw_only=True)
class Component:
    """A named, configurable thing that some plugin knows how to build."""

    kind: ClassVar[str]

    name: str
    summary: str
    """One sentence, with its full stop."""
    factory: str | Callable[..., Any]
    """The callable that builds it, or where to import it from: ``"package.module:name"``."""
    options: type[Options] = Options
    reference: str = ""
    """The paper or the source it follows."""
    recommends: Mapping[str, Any] = field(default_factory=dict)
    """Defaults for other settings when this component is used, by dotted key; a user's own win."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.kind} name {self.name!r} must be lower-case-with-hyphens")

    def build(self, options: Options, **context: Any) -> Any:
        """What the factory makes of the options, its code imported only now.

        Raises RequestError, prefixed with this component's name, where the factory raises
        ValueError or LookupError: that is how a factory refuses.
        """
        factory = self.factory
        if isinstance(factory, str):
            factory = pkgutil.resolve_name(factory)
        try:
            return factory(options, **context)
        except RequestError:
            raise
        except (ValueError, LookupError) as error:
            raise RequestError(f"{self.kind} {self.name}: {error}") from error


class Dataset(Component):
    """``factory(options)`` returns an :class:`~ganzoo.ImageSource`."""

    kind = "dataset"


@dataclass(frozen=True, kw_only=True)
class Architecture(Component):
    """``factory(options, image=..., classes=..., needs=...)`` returns :class:`~ganzoo.Networks`.

    ``image`` is an :class:`~ganzoo.ImageShape`, ``classes`` the number of classes of the pictures
    (0 where they have no labels), ``needs`` what the loss asks of the networks
    (:class:`~ganzoo.Needs`).
    """

    kind = "architecture"

    grows: bool = False
    """Whether its networks are :class:`~ganzoo.Growing`."""


class Loss(Component):
    """``factory(options)`` returns an :class:`~ganzoo.Objective`."""

    kind = "loss"


class Augmentation(Component):
    """``factory(options)`` returns an :data:`~ganzoo.Augment`."""

    kind = "augmentation"


@dataclass(frozen=True, kw_only=True)
class Metric(Component):
    """``factory(options)`` returns a :class:`~ganzoo.Measure`."""

    kind = "metric"

    goal: Literal["low", "high", "real"] = "low"
    """Whether its numbers are good when low, when high, or when near those of real pictures."""


@dataclass(frozen=True, kw_only=True)
class Extractor(Component):
    """``factory(options)`` returns an :class:`~ganzoo.Extract`, from which metrics get features."""

    kind = "extractor"

    packages: tuple[str, ...] = ()
    """What has to be installed for it, by the name that is imported."""
    preference: int | None = None
    """``metrics.features=auto`` takes the greatest of those whose packages are there; one without
    is taken only by its name.
    """

    @property
    def is_available(self) -> bool:
        """Whether all its packages are installed."""
        return all(find_spec(package) for package in self.packages)


@dataclass(frozen=True, kw_only=True)
class Recipe(Component):
    """A settings file inside a plugin: names what it reproduces, and what it should reach."""

    kind = "recipe"

    factory: str | Callable[..., Any] = ""
    """Not used: a recipe builds nothing."""
    settings: str
    """The TOML file, as ``"package/path/inside/it.toml"``."""
    expects: str = ""
    """What a run of it should reach, in a sentence."""

    def read(self) -> str:
        """The text of the settings file."""
        from importlib import resources

        package, _, path = self.settings.partition("/")
        return resources.files(package).joinpath(path).read_text(encoding="utf-8")
