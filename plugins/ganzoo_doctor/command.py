"""``ganzoo doctor``: what is wrong with a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganzoo_doctor.finding import Finding


def doctor(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is wrong with a run, and which setting to try.

    It reads the reports and evaluations of a run that trains or has ended. For
    each fault it prints the numbers that show it, and a command with one
    setting that may help. It also says whether the run still improves. The
    exit status is 0, whatever it finds.

    Examples:
    - `ganzoo doctor RUN`
    - `ganzoo doctor RUN --json`

    """
    import ganzoo
    from ganzoo_doctor.checks import examine
    from ganzoo_doctor.history import History

    folder = ganzoo.RunFolder.open(run)
    history = History.read(folder, folder.stored_settings())
    found = examine(history)
    if as_json:
        facts = {"run": str(run), "images_seen": history.images_seen}
        findings = [finding.tree(run) for finding in found]
        print(json.dumps({**facts, "findings": findings}, indent=2))
    else:
        print(*_lines(found, run), sep="\n")


def _lines(found: Sequence[Finding], run: Path) -> Iterator[str]:
    """The faults, or that there are none; then the trends."""
    faults = [finding for finding in found if finding.kind == "fault"]
    if not faults:
        yield "nothing found"
    for finding in [*faults, *(each for each in found if each not in faults)]:
        yield f"{finding.kind}: {finding.name}: {finding.sentence}"
        numbers = (f"{name} {value:.4g}" for name, value in finding.numbers.items())
        yield f"  {', '.join(numbers)}"
        if command := finding.command(run):
            yield f"  try: {command}"
