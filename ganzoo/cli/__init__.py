"""The ``ganzoo`` command. Nothing here imports torch until a command needs it."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import suppress
from types import FrameType
from typing import Annotated, Any

import typer

from ganzoo.cli import (
    animate,
    compare,
    components,
    data,
    evaluate,
    generate,
    neighbors,
    plugins,
    project,
    report,
    resume,
    sweep,
    train,
)
from ganzoo.cli.exit import STOPPED, fall_silent
from ganzoo.cli.keys import setting_meant
from ganzoo.cli.streams import accept_any_text

app = typer.Typer(
    name="ganzoo",
    invoke_without_command=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.train)
app.command("sweep")(sweep.sweep)
app.command("resume")(resume.resume)
app.command("generate")(generate.generate)
app.command("evaluate")(evaluate.evaluate)
app.command("neighbors")(neighbors.neighbors)
app.command("project")(project.project)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("animate")(animate.animate)
app.add_typer(data.app, name="data")
app.command("list")(components.list_components)
app.command("info")(components.info)
app.command("plugins")(plugins.plugins)


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True)
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where in the code an error came from.")
    ] = False,
) -> None:
    """Train GANs: any dataset, any architecture, any loss, any augmentations.

    `ganzoo train blossoms dcgan wgan-gp` trains at once, without data or network;
    `ganzoo list` shows everything else that is installed.
    """
    if version:
        from ganzoo import __version__

        print(f"ganzoo {__version__}")
        raise typer.Exit
    if traceback:
        os.environ["GANZOO_TRACEBACK"] = "1"
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command and leave with its status.

    0 done, 1 the work failed, 2 the request was wrong, 75 stopped on request and resumable,
    130 interrupted before there was anything to save.
    """
    # pydantic would search every installed distribution for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from ganzoo.errors import PluginError, RequestError, Stopped, Terminated, is_out_of_memory

    accept_any_text()
    warnings.showwarning = _warn
    for number in _ENDINGS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)
    try:
        status = app(prog_name="ganzoo", standalone_mode=False)
        if sys.stdout:  # there is none where it was closed from the beginning
            sys.stdout.flush()
        if status == _INTERRUPTED:
            _leave("interrupted", _INTERRUPTED)
        sys.exit(status)
    except BrokenPipeError:  # `ganzoo list | head`: who reads has seen enough
        fall_silent()
        sys.exit(0)
    except SystemExit as leaving:
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        fall_silent()  # the same, of which Typer makes an error
        sys.exit(0)
    except _USAGE as error:
        _leave(error.format_message() + setting_meant(getattr(error, "option_name", None)), 2)
    except RequestError as error:
        _leave(str(error), 2)
    except PluginError as error:
        _leave(f"{error} ({_SHOWS_WHERE})", 1)
    except Terminated as terminated:
        _leave("terminated", terminated.status)
    except Stopped as stopped:
        _leave(str(stopped), STOPPED)
    except (KeyboardInterrupt, typer.Abort):
        _leave("interrupted", _INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - no traceback reaches anyone who did not ask for it
        name = "" if isinstance(error, OSError | ArithmeticError) else f"{type(error).__name__}: "
        reason = (str(error).splitlines() or [""])[0]
        if is_out_of_memory(error):
            reason += "; lower train.batch_size, data.resolution or the networks' width"
        _leave(f"{name}{reason} ({_SHOWS_WHERE})", 1)


_INTERRUPTED = 130
_SHOWS_WHERE = "`ganzoo --traceback ...` shows where"
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

# Typer does not name the parent of its usage errors, and keeps it elsewhere in each release.
_USAGE: Any = typer.BadParameter.__mro__[2]


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave by way of an exception, so that what is half done is cleared away."""
    from ganzoo.errors import Terminated

    # A run has not begun, or is gone on with: the same command does that again.
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    raise Terminated(STOPPED if command in ("train", "resume", "sweep") else 128 + number)


def _warn(message: Warning | str, *place: Any, **more: Any) -> None:
    print("warning:", " ".join(str(message).split()), file=sys.stderr)


def _leave(message: str, status: int) -> None:
    """Say what was wrong in one line; called while the error is being handled."""
    if os.environ.get("GANZOO_TRACEBACK") and sys.exc_info()[0]:
        raise
    with suppress(OSError):  # nobody is there to read it
        print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(status)
