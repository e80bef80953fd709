"""``ganzoo data pack``: write a dataset's prepared images into one file or folder."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.data.request import choose
from ganzoo.cli.options import DisablePlugin, Force, LocalPlugin, OutputPath, registry
from ganzoo.errors import RequestError
from ganzoo.flags import RESOLUTION_HELP

What = Annotated[
    list[str],
    typer.Argument(
        metavar="DATASET [KEY=VALUE]...",
        help="A dataset's name, and settings of `dataset` and `data` as for `ganzoo train`.",
        show_default=False,
    ),
]
Out = Annotated[
    OutputPath,
    typer.Option(
        metavar="FILE-or-FOLDER/",
        help="The .h5 or .npz file to write, or a folder for PNG files.",
        parser=OutputPath.of,
    ),
]
Resolution = Annotated[str | None, typer.Option(help=RESOLUTION_HELP)]
DescriptionsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="A table with a text for each image file; default: images.csv in the dataset.",
    ),
]
Compress = Annotated[
    bool, typer.Option("--compress", help="Compress the file: smaller, but slower to read.")
]
Shards = Annotated[
    int, typer.Option(metavar="N", min=0, help="Write N files and an index into the folder.")
]
ShardSize = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="The same, with files of at most this size, such as 100MB."),
]


def pack(
    what: What,
    out: Out,
    resolution: Resolution = None,
    descriptions: DescriptionsFile = None,
    compress: Compress = False,
    shards: Shards = 0,
    shard_size: ShardSize = None,
    force: Force = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Crop and resize a dataset's images and write them into one file or a folder of PNG files.

    If it was stopped or killed, the same command resumes with the images
    prepared so far.

    Examples:
    - `ganzoo data pack image-folder dataset.path=images --resolution 64 --out images.h5`
    - `ganzoo data pack flowers data.fit=pad --resolution 128 --compress --out flowers.h5`
    - `ganzoo data pack mnist --out mnist.npz`
    - `ganzoo data pack flowers --resolution 64 --shard-size 100MB --out shards/`
    - `ganzoo train hdf5 dcgan hinge dataset.path=images.h5`

    """
    from ganzoo.cli.data.packed_dataset import packed, refuse_source
    from ganzoo.contracts import condition_of
    from ganzoo.data.packing import (
        FORMATS_WITH_TEXTS,
        check_condition,
        check_output,
        output_format,
        write,
    )
    from ganzoo.data.shard_files import shard_count
    from ganzoo.observers.console import ProgressBar, show_progress

    path, size = out.path, _shard_bytes(shards, shard_size)
    kind = {"folder": out.is_folder, "shards": bool(shards or size)}
    check_output(path, compress=compress, described=bool(descriptions), force=force, **kind)
    words = [*what, f"data.resolution={resolution}"] if resolution else what
    chosen = choose(words, None, registry(disable_plugin, plugin))
    refuse_source(path, chosen)
    dataset, bar = chosen.build(), ProgressBar()
    check_condition(condition_of(dataset), path, **kind)
    with_texts = output_format(path, **kind) in FORMATS_WITH_TEXTS
    pack = packed(dataset, chosen, bar, descriptions, with_texts=with_texts)
    files = shard_count(pack.data, size) if size else shards
    with show_progress("packing images", "packing {:,} images") as progress:
        pack = replace(pack, compress=compress, shards=files)
        write(pack, path, progress, folder=out.is_folder, force=force)
    print(path)


def _shard_bytes(shards: int, size: str | None) -> int:
    """The bytes of ``--shard-size``; 0 without it."""
    if size is None:
        return 0
    if shards:
        raise RequestError("--shards and --shard-size exclude each other: remove one of them")
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]?)(i?)B?", size)
    if not found or not float(found[1]):
        raise RequestError(f"--shard-size {size}: write a size such as 100MB or 1GiB")
    factor = (1024 if found[3] else 1000) ** " kMGT".index(found[2] or " ")
    return max(1, int(float(found[1]) * factor))
