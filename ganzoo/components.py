"""What a plugin declares: a name, a sentence, an options model, and where the code lives."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.fields import FieldInfo

from ganzoo.errors import RequestError

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IMPORT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[:.][^\W\d]\w*(\.[^\W\d]\w*)*")


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


def limits_of(written: str) -> tuple[float, float]:
    """The two numbers of ``LOW..HIGH``; raises ValueError where it is not of that form."""
    number = r"(-?[0-9]+(?:\.[0-9]+)?)"
    found = re.fullmatch(rf"{number}\.\.{number}", written)
    if not found or float(found[1]) >= float(found[2]):
        raise ValueError("write auto, or LOW..HIGH, such as 0..4095")
    return float(found[1]), float(found[2])


def _checked_range(written: str) -> str:
    if written != "auto":
        limits_of(written)
    return written


PixelRange = Annotated[str, AfterValidator(_checked_range)]
"""The type of an option for the pixel values of black and white: ``LOW..HIGH``, or ``auto``."""


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


def is_options(model: object) -> bool:
    """Whether it is a class of options."""
    return isinstance(model, type) and issubclass(model, Options)


@dataclass(frozen=True, kw_only=True, repr=False)
class ComponentSpec:
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

    def faults(self) -> Iterator[str]:
        """What is wrong with the declaration, as far as that shows without importing its code."""
        for name in ("summary", "reference"):
            if not isinstance(getattr(self, name), str):
                yield f"its {name} should be a text, not {getattr(self, name)!r}"
        yield from self.option_faults()
        yield from self._factory_faults()
        if not isinstance(self.recommends, Mapping):
            yield f"its recommends should be a mapping, not {self.recommends!r}"

    def option_faults(self) -> Iterator[str]:
        """What is wrong with the options: no class of them, no default, or one of another type."""
        if not is_options(self.options):
            yield f"its options should be a class derived from ganzoo.Options, not {self.options!r}"
            return
        for name, option in self.options.model_fields.items():
            yield from _option_faults(name, option)

    def _factory_faults(self) -> Iterator[str]:
        if isinstance(self.factory, str):
            if not _IMPORT.fullmatch(self.factory):
                yield f'its factory should be "package.module:name", not {self.factory!r}'
        elif not callable(self.factory):
            yield f"its factory should be a callable, not {self.factory!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

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


_PLAIN: Mapping[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
}
"""Which defaults options of plain types may have; others are for ``ganzoo.testing`` to check."""


def _option_faults(name: str, option: FieldInfo) -> Iterator[str]:
    if option.is_required():
        yield f"option {name!r} needs a default"
    elif isinstance(option.annotation, type) and option.default_factory is None:
        kinds, given = _PLAIN.get(option.annotation, (object,)), option.default
        if not isinstance(given, kinds) or (isinstance(given, bool) and kinds[-1] in (int, float)):
            yield f"option {name!r}: its default {given!r} is no {option.annotation.__name__}"


class DatasetSpec(ComponentSpec):
    """``factory(options)`` returns an :class:`~ganzoo.Dataset`."""

    kind = "dataset"


@dataclass(frozen=True, kw_only=True, repr=False)
class ArchitectureSpec(ComponentSpec):
    """``factory(options, image_shape=, num_classes=, requirements=)`` returns ``ganzoo.Networks``.

    ``image_shape`` is an :class:`~ganzoo.ImageShape`, ``num_classes`` the number of classes (0
    without labels), ``requirements`` a :class:`~ganzoo.LossRequirements`: what the loss requires
    of the networks.
    """

    kind = "architecture"

    grows: bool = False
    """Whether its networks are :class:`~ganzoo.GrowingNetwork`."""


class LossSpec(ComponentSpec):
    """``factory(options)`` returns an :class:`~ganzoo.Loss`."""

    kind = "loss"


class AugmentationSpec(ComponentSpec):
    """``factory(options)`` returns an :data:`~ganzoo.Augmentation`."""

    kind = "augmentation"


@dataclass(frozen=True, kw_only=True, repr=False)
class MetricSpec(ComponentSpec):
    """``factory(options)`` returns a :class:`~ganzoo.Metric`."""

    kind = "metric"

    goal: Literal["low", "high", "real"] = "low"
    """Whether its numbers are good when low, when high, or when near those of real images."""

    def faults(self) -> Iterator[str]:
        """As of every component; and its goal is one that there is."""
        yield from super().faults()
        if self.goal not in ("low", "high", "real"):
            yield f"its goal should be low, high or real, not {self.goal!r}"


@dataclass(frozen=True, kw_only=True, repr=False)
class ExtractorSpec(ComponentSpec):
    """``factory(options)`` returns an :class:`~ganzoo.Extractor`."""

    kind = "extractor"

    packages: tuple[str, ...] = ()
    """What has to be installed for it, by the name that is imported."""
    preference: int | None = None
    """``extractor=auto`` takes the greatest of those whose packages are there; one without
    is taken only by its name.
    """

    def faults(self) -> Iterator[str]:
        """As of every component; and its packages and preference can be compared with others'."""
        yield from super().faults()
        packages: Any = self.packages
        if not isinstance(packages, tuple | list) or not all(isinstance(p, str) for p in packages):
            yield f"its packages should be a tuple of names, not {self.packages!r}"
        if not isinstance(self.preference, int | None):
            yield f"its preference should be a whole number or None, not {self.preference!r}"

    @property
    def is_available(self) -> bool:
        """Whether all its packages are installed."""
        return all(find_spec(package) for package in self.packages)


@dataclass(frozen=True, kw_only=True, repr=False)
class RecipeSpec(ComponentSpec):
    """A settings file inside a plugin: names what it reproduces, and what it should reach."""

    kind = "recipe"

    factory: str | Callable[..., Any] = ""
    """Not used: a recipe builds nothing."""
    settings: str
    """The TOML file, as ``"package/path/inside/it.toml"``."""
    expects: str = ""
    """What a run of it should reach, in a sentence."""

    def _factory_faults(self) -> Iterator[str]:
        return iter(())

    def read(self) -> str:
        """The text of the settings file."""
        from importlib import resources

        package, _, path = self.settings.partition("/")
        return resources.files(package).joinpath(path).read_text(encoding="utf-8")
