"""``ganzoo data pack``: a dataset's pictures, prepared once, in one file or folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.known import LocalPlugin, Without, registry

if TYPE_CHECKING:
    from ganzoo.components import Options
    from ganzoo.contracts import ImageSource
    from ganzoo.data.packing import Pack


def pack(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET [KEY=VALUE]...",
            help="A dataset's name, its options, and how its pictures are prepared.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE-or-FOLDER", help="A .h5 or .npz file, or a folder.")
    ],
    resolution: Annotated[
        str | None, typer.Option(help="Pictures' height and width, or 64x48.")
    ] = None,
    descriptions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="What pictures show, by their file; the dataset's own pictures.csv if not given.",
        ),
    ] = None,
    compress: Annotated[
        bool, typer.Option("--compress", help="Make the file smaller, and slower to read.")
    ] = False,
    without: Without = None,
    plugin: LocalPlugin = None,
) -> None:
    """Prepare the pictures of a dataset, and write them into one file, or a folder of PNG files.

    Stopped or killed, the same command goes on with what is prepared.

    Examples:
    - `ganzoo data pack image-folder dataset.path=pictures --resolution 64 --out pictures.h5`
    - `ganzoo data pack flowers data.fit=pad --resolution 128 --compress --out flowers.h5`
    - `ganzoo data pack mnist --out mnist.npz`
    - `ganzoo train hdf5 dcgan hinge dataset.path=pictures.h5`

    """
    from ganzoo.cli.data.inspect import choose
    from ganzoo.data.cache import prepared
    from ganzoo.data.descriptions import describe, names_of, read_descriptions
    from ganzoo.data.packing import Pack, check_out
    from ganzoo.observing.console import ProgressBar

    check_out(out, compress=compress, described=descriptions is not None)
    words = [*what, f"data.resolution={resolution}"] if resolution else what
    chosen = choose(words, None, registry(without, plugin))
    source: ImageSource = chosen.entry.component.build(chosen.options)
    table = descriptions or _table_beside(source, chosen.options)
    rows = read_descriptions(table) if table else {}
    bar = ProgressBar()
    data = prepared(source, chosen.how, bar.preparing)
    if data.skipped:
        bar.noted("\n  ".join([f"{len(data.skipped)} left out:", *data.skipped]))
    texts = describe(names_of(source, data), rows)
    facts = {
        "dataset": chosen.entry.qualified_name,
        "fingerprint": source.fingerprint,
        "preparation": json.dumps(chosen.how.model_dump(mode="json")),
    }
    _write(Pack(data=data, facts=facts, texts=texts, compress=compress), out)
    print(out)


def _table_beside(source: ImageSource, options: Options) -> Path | None:
    """The table in the folder of the pictures that it names."""
    from ganzoo.contracts import NamedSource
    from ganzoo.data.descriptions import FILE

    path = getattr(options, "path", None)
    if not isinstance(source, NamedSource) or not isinstance(path, Path):
        return None
    return path / FILE if (path / FILE).is_file() else None


def _write(pack: Pack, out: Path) -> None:
    """Write with a bar in a terminal, else with a line."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ganzoo.data.packing import write
    from ganzoo.observing.console import StandardError

    console = StandardError()
    if not console.is_terminal:
        console.print(f"packing {len(pack.data)} pictures")
    columns = (MofNCompleteColumn(), BarColumn(bar_width=16), TimeRemainingColumn())
    with Progress(
        *(TextColumn("packing pictures"), *columns, TextColumn("left")),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=len(pack.data))
        write(pack, out, lambda done, total: progress.update(task, completed=done))
