"""The ``ganzoo`` command. Nothing here imports torch until a command needs it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ganzoo.cli import components, generate, plugins, resume, train

app = typer.Typer(
    name="ganzoo",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.train)
app.command("resume")(resume.resume)
app.command("generate")(generate.generate)
app.command("list")(components.list_components)
app.command("info")(components.info)
app.command("plugins")(plugins.plugins)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True)
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where in the code an error came from.")
    ] = False,
) -> None:
    """Train GANs: any dataset × any architecture × any loss × any augmentations.

    `ganzoo train blossoms dcgan wgan-gp` trains at once, without data or network;
    `ganzoo list` shows everything else that is installed.
    """
    if version:
        from ganzoo import __version__

        print(f"ganzoo {__version__}")
        raise typer.Exit
    if traceback:
        os.environ["GANZOO_TRACEBACK"] = "1"


def main() -> None:
    """Run the command and leave with its status.

    0 done, 1 the work failed, 2 the request was wrong, 75 stopped on request and resumable.
    """
    from ganzoo.errors import RequestError

    try:
        app()
    except BrokenPipeError:  # `ganzoo list | head`: who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except RequestError as error:
        _leave(str(error), 2, error)
    except ArithmeticError as error:
        _leave(str(error), 1, error)


def _leave(message: str, status: int, error: BaseException | None = None) -> None:
    if error and os.environ.get("GANZOO_TRACEBACK"):
        raise error
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
