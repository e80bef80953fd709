"""What stands for an object that another program gave as a component."""

from __future__ import annotations

from pydantic import ConfigDict

from ganzoo.components import Augmentation, Component, Dataset, Options
from ganzoo.errors import UnknownName


class _AnyOptions(Options):
    model_config = ConfigDict(extra="allow")


def absent(kind: str, qualified_name: str) -> Component:
    """A dataset or an augmentation of this name, which refuses to be built.

    Raises UnknownName for another kind, without which there are no networks.
    """
    argument = "augment" if kind == "augmentation" else kind
    name = qualified_name.partition("/")[2]
    error = UnknownName(
        f"the {kind} {name} was an object of a Python program: give it again from Python, such as "
        f"ganzoo.resume(RUN, {argument}=...) or ganzoo.load(RUN, {argument}=...)"
    )

    def refuse(options: Options) -> None:
        raise error

    for spec in (Dataset, Augmentation):
        if spec.kind == kind:
            summary = "An object of another program."
            return spec(name=name, summary=summary, factory=refuse, options=_AnyOptions)
    raise error
