"""What a plugin declares: a component's name, summary, options, and where its code is."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ganzoo.errors import RequestError
from ganzoo.options import Options, default_faults, is_options

if TYPE_CHECKING:
    from ganzoo.measured_results import MeasuredResult

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMAND_NAME = re.compile(rf"({_NAME.pattern})( ({_NAME.pattern}))?")
_IMPORT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[:.][^\W\d]\w*(\.[^\W\d]\w*)*")


def plural(kind: str) -> str:
    """The plural of a kind, as in ``ganzoo list losses``."""
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


@dataclass(frozen=True, kw_only=True, repr=False)
class ComponentSpec:
    """The declaration of a component: what all kinds have in common."""

    kind: ClassVar[str]
    name_form: ClassVar[tuple[re.Pattern[str], str]] = (_NAME, "lower-case-with-hyphens")
    """What a name must match, and the same in words."""

    name: str
    """What users write, ``lower-case-with-hyphens``; unique among the plugin's components."""
    summary: str
    """One sentence, with a full stop."""
    factory: str | Callable[..., Any]
    """A callable that returns the component, or its import string ``"package.module:name"``."""
    options: type[Options] = Options
    """The class of the options that the factory gets; by default there are none."""
    reference: str = ""
    """The paper or the code that it follows."""
    recommends: Mapping[str, Any] = field(default_factory=dict)
    """Defaults for other settings while this component is used, by dotted key.

    Settings of the user take precedence.
    """

    def __post_init__(self) -> None:
        pattern, form = self.name_form
        if not pattern.fullmatch(self.name):
            raise ValueError(f"{self.kind} name {self.name!r} must be {form}")

    def faults(self) -> Iterator[str]:
        """Faults of the declaration that are found without importing the factory, one line each."""
        for name in ("summary", "reference"):
            if not isinstance(getattr(self, name), str):
                yield f"its {name} should be a text, not {getattr(self, name)!r}"
        yield from self.option_faults()
        yield from self._factory_faults()
        if not isinstance(self.recommends, Mapping):
            yield f"its recommends should be a mapping, not {self.recommends!r}"

    def option_faults(self) -> Iterator[str]:
        """Faults of the options: not a class of options, no default, a default of a wrong type."""
        if not is_options(self.options):
            yield f"its options should be a class derived from ganzoo.Options, not {self.options!r}"
            return
        for name, option in self.options.model_fields.items():
            yield from default_faults(name, option)

    def _factory_faults(self) -> Iterator[str]:
        if isinstance(self.factory, str):
            if not _IMPORT.fullmatch(self.factory):
                yield f'its factory should be "package.module:name", not {self.factory!r}'
        elif not callable(self.factory):
            yield f"its factory should be a callable, not {self.factory!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def build(self, options: Options, **context: Any) -> Any:
        """Import the factory and return what it returns for these options.

        A factory refuses a request by raising ValueError or LookupError. That is raised as a
        RequestError whose message begins with this component's kind and name.
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


_OPENS = re.compile(r"folder(/[^/]+)?|\.[^/\\*?]+")


@dataclass(frozen=True, kw_only=True, repr=False)
class DatasetSpec(ComponentSpec):
    """``factory(options)`` returns a :class:`~ganzoo.Dataset`."""

    kind = "dataset"

    opens: tuple[str, ...] = ()
    """The paths that ``ganzoo train PATH --budget 1h`` opens with it, by its option ``path``.

    The end of a file's name, such as ``".zip"``; ``"folder"``; or a folder with a certain file,
    such as ``"folder/index.json"`` or ``"folder/*.parquet"``. The longest one that fits counts.
    """

    def faults(self) -> Iterator[str]:
        """As for every component, and what it cannot open."""
        yield from super().faults()
        opens: Any = self.opens
        if not isinstance(opens, tuple | list) or not all(
            isinstance(each, str) and _OPENS.fullmatch(each) for each in opens
        ):
            yield (
                'its opens should be ends of names such as ".zip", "folder", or "folder/FILE", not '
                f"{opens!r}"
            )
        elif opens and is_options(self.options) and "path" not in self.options.model_fields:
            yield "it opens paths, so it needs an option path"


@dataclass(frozen=True, kw_only=True, repr=False)
class ArchitectureSpec(ComponentSpec):
    """``factory(options, image_shape=, condition=, requirements=)`` returns ``ganzoo.Networks``.

    ``image_shape`` is an :class:`~ganzoo.ImageShape`, ``condition`` the :class:`~ganzoo.Condition`
    that the networks get about each image, or ``None`` unless ``data.conditional`` is set, and
    ``requirements`` are the :class:`~ganzoo.LossRequirements` of the run's loss.
    """

    kind = "architecture"

    grows: bool = False
    """Whether both networks are :class:`~ganzoo.GrowingNetwork`."""
    conditions: tuple[Literal["class", "classes", "vector"], ...] = ()
    """The kinds of :class:`~ganzoo.Condition` that its networks take."""

    def faults(self) -> Iterator[str]:
        """As for every component, and unknown kinds of conditions."""
        yield from super().faults()
        conditions: Any = self.conditions
        known = ("class", "classes", "vector")
        if not isinstance(conditions, tuple | list) or not all(k in known for k in conditions):
            yield f"its conditions should be some of {', '.join(known)}, not {conditions!r}"


class LossSpec(ComponentSpec):
    """``factory(options)`` returns a :class:`~ganzoo.Loss`."""

    kind = "loss"


class RegularizerSpec(ComponentSpec):
    """``factory(options)`` returns a :class:`~ganzoo.Regularizer`."""

    kind = "regularizer"


@dataclass(frozen=True, kw_only=True, repr=False)
class AugmentationSpec(ComponentSpec):
    """``factory(options)`` returns an :data:`~ganzoo.Augmentation`."""

    kind = "augmentation"

    suggested_below: int = 0
    """For datasets of fewer images than this, it is suggested to the user; with 0, never."""
    preference: int = 0
    """Of several that are suggested, the one with the greatest preference is named first."""

    def faults(self) -> Iterator[str]:
        """As for every component, and wrong types of ``suggested_below`` and ``preference``."""
        yield from super().faults()
        number: Any = self.suggested_below
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            yield f"its suggested_below should be a whole number from 0 on, not {number!r}"
        if not isinstance(self.preference, int):
            yield f"its preference should be a whole number, not {self.preference!r}"


@dataclass(frozen=True, kw_only=True, repr=False)
class MetricSpec(ComponentSpec):
    """``factory(options)`` returns a :class:`~ganzoo.Metric`."""

    kind = "metric"

    goal: Literal["low", "high", "real"] = "low"
    """Which values are good: low ones, high ones, or those close to the value of real images."""
    preference: int = 0
    """Of a run's metrics with the goal ``low``, the one with the greatest preference chooses the
    best checkpoint, unless ``evaluate.best`` names another one.
    """

    def faults(self) -> Iterator[str]:
        """As for every component, and an unknown goal."""
        yield from super().faults()
        if self.goal not in ("low", "high", "real"):
            yield f"its goal should be low, high or real, not {self.goal!r}"


@dataclass(frozen=True, kw_only=True, repr=False)
class ExtractorSpec(ComponentSpec):
    """``factory(options)`` returns an :class:`~ganzoo.Extractor`."""

    kind = "extractor"

    packages: tuple[str, ...] = ()
    """The names of the Python packages that it imports and that may not be installed."""
    preference: int | None = None
    """``extractor=auto`` chooses the extractor with the greatest preference among those whose
    packages are installed. With ``None`` it is used by its name only.
    """

    def faults(self) -> Iterator[str]:
        """As for every component, and wrong types of ``packages`` and ``preference``."""
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
    """A settings file in a plugin, for ``ganzoo train --recipe NAME``."""

    kind = "recipe"

    factory: str | Callable[..., Any] = ""
    """Not used: a recipe has no code."""
    settings: str
    """The TOML file, as ``"package/path/inside/it.toml"``."""
    expects: str = ""
    """The result that a run of it should reach, in one sentence."""
    results: str = ""
    """A JSON file of :class:`~ganzoo.MeasuredResult`, as ``"package/path/inside/it.json"``.

    A recipe with results is among those that ``ganzoo train ... --budget`` chooses from.
    """

    def _factory_faults(self) -> Iterator[str]:
        return iter(())

    def read(self) -> str:
        """The text of the settings file."""
        return _text_in_package(self.settings)

    def read_results(self) -> tuple[MeasuredResult, ...]:
        """What runs of it have reached; empty if it was not measured.

        Raises ValueError or OSError if the file is damaged or missing.
        """
        from ganzoo.measured_results import parse_results

        return parse_results(_text_in_package(self.results)) if self.results else ()


def _text_in_package(address: str) -> str:
    from importlib import resources

    package, _, path = address.partition("/")
    return resources.files(package).joinpath(path).read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True, repr=False)
class ObserverSpec(ComponentSpec):
    """``factory(options, run=)`` returns an :class:`~ganzoo.Observer`.

    ``run`` is the :class:`~ganzoo.ObservedRun`.
    """

    kind = "observer"

    default: bool = False
    """Whether every run uses it, unless the user writes ``observe.NAME=false``."""
    warning_if_off: str = ""
    """What does not work without it; shown when a user turns it off."""

    def faults(self) -> Iterator[str]:
        """As for every component, and a wrong type of ``default`` and ``warning_if_off``."""
        yield from super().faults()
        if not isinstance(self.default, bool):
            yield f"its default should be True or False, not {self.default!r}"
        if not isinstance(self.warning_if_off, str):
            yield f"its warning_if_off should be a text, not {self.warning_if_off!r}"


@dataclass(frozen=True, kw_only=True, repr=False)
class CommandSpec(ComponentSpec):
    """A command: ``ganzoo NAME``, or ``ganzoo GROUP NAME`` for a name such as ``data fetch``.

    ``factory`` is the import string of a function with Typer's annotations, or of a Typer app. It
    is imported when the command or its help is asked for.
    """

    kind = "command"
    name_form = (_COMMAND_NAME, 'lower-case-with-hyphens, or two of these words: "data fetch"')

    panel: str = ""
    """The heading under which ``ganzoo --help`` lists it."""

    def faults(self) -> Iterator[str]:
        """As for every component, options, and a wrong type of ``panel``."""
        yield from super().faults()
        if self.options is not Options:
            yield "it has no options: the parameters of its function are its options"
        if not isinstance(self.panel, str):
            yield f"its panel should be a text, not {self.panel!r}"
