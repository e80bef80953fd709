"""The ``ganzoo`` command. Nothing here imports torch until a command needs it."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from ganzoo.cli.command_group import USAGE_ERROR, CommandGroup, LazyCommand
from ganzoo.cli.exit import discard_stdout, print_error
from ganzoo.cli.output_encoding import escape_unencodable_text, open_closed_streams
from ganzoo.cli.processes import let_main_process_report, record_failure, silence_unless_main
from ganzoo.errors import (
    STOPPED,
    OutOfMemory,
    PluginError,
    RequestError,
    Stopped,
    Terminated,
    is_out_of_memory,
)
from ganzoo.launcher import require_single_process

app = typer.Typer(
    name="ganzoo",
    cls=CommandGroup,
    invoke_without_command=True,
    rich_markup_mode=None,  # Rich's help takes as long as everything else
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "color": False if os.environ.get("NO_COLOR") else None,
    },
)


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show the Python traceback of an error.")
    ] = False,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.py", help="Load the commands of a Python file.", is_eager=True),
    ] = None,
) -> None:
    """Train GANs with any dataset, architecture, loss and augmentations.

    Try `ganzoo train --recipe fast`: it needs no data and no internet connection.
    `ganzoo list` shows all installed datasets, architectures and losses.
    """
    if version:
        from ganzoo import __version__

        print(f"ganzoo {__version__}")
        raise typer.Exit
    if traceback:
        os.environ["GANZOO_TRACEBACK"] = "1"
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), color=context.color)
    else:
        if context.invoked_subcommand not in ("train", "resume", "bench"):
            require_single_process(f"`ganzoo {context.invoked_subcommand}`")
        if plugin:
            _refuse_own_option(context, context.invoked_subcommand)


def _refuse_own_option(context: typer.Context, name: str) -> None:
    """Raise BadParameter if the command has an option --plugin itself: it would not get these."""
    group: Any = context.command
    command = group.get_command(context, name)
    if isinstance(command, LazyCommand):
        command = command.load()
    if any(parameter.name == "plugin" for parameter in command.params):
        raise typer.BadParameter(f"write --plugin after {name}: ganzoo {name} --plugin FILE.py ...")


def main() -> None:
    """Run the command and exit with its status.

    0 success, 1 the command failed, 2 wrong arguments or settings, 75 stopped on request and
    resumable, 130 interrupted before there was anything to save.
    """
    _prepare()
    try:
        status = app(prog_name="ganzoo", standalone_mode=False)
        sys.stdout.flush()
        if status == _INTERRUPTED:
            _exit_with_error("interrupted", _INTERRUPTED)
        sys.exit(status)
    except BrokenPipeError:  # `ganzoo list | head`: the reader closed the pipe
        discard_stdout()
        sys.exit(0)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        discard_stdout()  # Typer turns a broken pipe into exit status 1
        sys.exit(0)
    except USAGE_ERROR as error:
        from ganzoo.cli.usage import usage_message

        message = usage_message(error)
        if not message:  # the help of a group of commands was printed instead
            sys.exit(2)
        _exit_with_error(message, 2)
    except RequestError as error:
        _exit_with_error(str(error), 2)
    except Terminated as terminated:
        _exit_with_error("terminated", terminated.status)
    except Stopped as stopped:
        _exit_with_error(str(stopped), STOPPED)
    except (KeyboardInterrupt, typer.Abort):
        _exit_with_error("interrupted", _INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - users see one line, unless they pass --traceback
        _exit_with_error(f"{_reason(error)} ({_TRACEBACK_HINT})", 1)


def _prepare() -> None:
    """Set what holds for all commands: how warnings are printed, and what signals do."""
    # Otherwise pydantic searches all installed distributions for pydantic plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    open_closed_streams()
    escape_unencodable_text()
    silence_unless_main()
    warnings.showwarning = _print_warning
    for number in _TERMINATION_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise_terminated)


def _reason(error: Exception) -> str:
    """Why a command failed, by an error that nothing explains to the user."""
    if isinstance(error, PluginError | OutOfMemory):
        return str(error)
    name = "" if isinstance(error, OSError | ArithmeticError) else f"{type(error).__name__}: "
    reason = (str(error).splitlines() or [""])[0]
    if is_out_of_memory(error):
        reason += "; halve train.batch_size, or lower data.resolution or the networks' width"
    return name + reason


_INTERRUPTED = 130
_TRACEBACK_HINT = "`ganzoo --traceback ...` shows where"
_TERMINATION_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    """Raise an exception, so that cleanup code runs before the process exits."""
    # These commands can be repeated: the run has not begun, or resumes.
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    raise Terminated(STOPPED if command in ("train", "resume", "sweep") else 128 + number)


def _print_warning(message: Warning | str, *place: Any, **more: Any) -> None:
    print("warning:", " ".join(str(message).split()), file=sys.stderr)


def _exit_with_error(message: str, status: int) -> None:
    """Print the error in one line and exit; called inside the ``except`` block."""
    message = " ".join(message.split())
    if record_failure(message, status):
        sys.exit(status)
    let_main_process_report()
    if os.environ.get("GANZOO_TRACEBACK") and sys.exc_info()[0]:
        raise
    print_error(message)
    sys.exit(status)
