"""Arguments and options that several commands share, and loading of plugins and generators."""

from __future__ import annotations

import os
import sys
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import typer

from ganzoo.errors import RequestError
from ganzoo.folders import ending

if TYPE_CHECKING:
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.registry import Registry

CLASS_HELP = "Generate images of this class only."
CHECKPOINT_HELP = "Which checkpoint: last, best or the number of a step."
CONDITION_HELP = "Values of all images, such as hue=0.7,size=0.3; others are drawn as in training."
DEVICE_HELP = "Where to compute: cpu, cuda, cuda:N or mps."
TRUNCATION_HELP = "Below 1, latents are scaled toward their mean: less diverse images."

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]
GeneratorArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="The run folder, or a file of `ganzoo export --to safetensors`."
    ),
]
DisablePlugin = Annotated[
    list[str] | None,
    typer.Option(
        "--disable-plugin",
        metavar="PLUGIN",
        help="Do not import this plugin; can be given several times.",
    ),
]
LocalPlugin = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Load a Python file as a plugin; can be given several times.",
    ),
]
RecipeName = Annotated[
    str | None, typer.Option(metavar="NAME", help="Start from the settings of this recipe.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Checkpoint = Annotated[str, typer.Option(metavar="WHICH", help=CHECKPOINT_HELP)]
Device = Annotated[str, typer.Option(help=DEVICE_HELP)]
ClassName = Annotated[str | None, typer.Option("--class", metavar="NAME", help=CLASS_HELP)]
ConditionText = Annotated[
    str | None, typer.Option("--condition", metavar="NAME=VALUE,...", help=CONDITION_HELP)
]
Truncation = Annotated[float, typer.Option(metavar="PSI", help=TRUNCATION_HELP)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]


class OutputPath(NamedTuple):
    """The path that a command writes: one file, or a folder."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, text: str) -> Self:
        """A folder if the name ends in a slash or has no suffix, or if such a folder exists."""
        path = Path(text)
        return cls(path, _ends_in_slash(text) or path.is_dir() or not ending(path))


def use_cores() -> None:
    """Let torch use the cores that this process may use, or OMP_NUM_THREADS if it is set."""
    import torch

    from ganzoo.machine import threads

    torch.set_num_threads(threads(torch.get_num_threads()))


def trained_generator(run: Path, checkpoint: str, device: str) -> TrainedGenerator:
    """The generator of a run folder's checkpoint or of an exported file, on a device.

    Raises RequestError as ``load_generator``, and if there is no such device.
    """
    from ganzoo.existing_runs import load_generator

    use_cores()
    return load_generator(run, checkpoint).to(device)


def file_path(text: str) -> Path:
    """The path of a file.

    Raises BadParameter for a name that ends in a slash.
    """
    if _ends_in_slash(text):
        raise typer.BadParameter(f"{text} is a folder: give the name of a file")
    return Path(text)


def _ends_in_slash(text: str) -> bool:
    return text.endswith(tuple(filter(None, ("/", os.sep, os.altsep))))


def given_options(context: typer.Context) -> dict[str, str]:
    """The options on the command line: how each is written, by the name of its parameter."""
    found = {}
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            found[name] = option.opts[0]
    return found


def refuse_given(context: typer.Context, names: Container[str | None], reason: str) -> None:
    """Raise RequestError if the command line has one of these options, by name of its parameter.

    The message is the option and the reason.
    """
    for name, option in given_options(context).items():
        if name in names:
            raise RequestError(f"{option} {reason}")


def registry(disable_plugin: list[str] | None, files: list[Path] | None) -> Registry:
    """All installed plugins and these files; prints a warning for each that fails to load."""
    from ganzoo.registry import Registry

    found = Registry.discover(disable_plugin or (), files or ())
    for failure in found.failures:
        is_file = bool(failure.plugin.file)
        remedy = "" if is_file else f" (skip it with --disable-plugin {failure.plugin.name})"
        print(
            f"warning: the plugin {failure.plugin} cannot be used: {failure.reason}{remedy}",
            file=sys.stderr,
        )
    return found
