"""``ganzoo data pack``: a dataset's images, prepared once, in one file or folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ganzoo.cli.data.request import Chosen, choose
from ganzoo.cli.options import DisablePlugin, Force, LocalPlugin, Out, registry

if TYPE_CHECKING:
    from ganzoo.components import Options
    from ganzoo.contracts import Dataset
    from ganzoo.data.collection import Collection
    from ganzoo.data.descriptions import Description
    from ganzoo.observers.console import ProgressBar

    Rows: TypeAlias = Mapping[str, Description]


def pack(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET [KEY=VALUE]...",
            help="A dataset's name, its options, and how its images are prepared.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Out,
        typer.Option(
            metavar="FILE-or-FOLDER/", help="A .h5 or .npz file, or a folder.", parser=Out.of
        ),
    ],
    resolution: Annotated[
        str | None, typer.Option(help="Images' height and width, or 64x48.")
    ] = None,
    descriptions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="What images show, by their file; the dataset's own images.csv if not given.",
        ),
    ] = None,
    compress: Annotated[
        bool, typer.Option("--compress", help="Make the file smaller, and slower to read.")
    ] = False,
    force: Force = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Prepare the images of a dataset, and write them into one file, or a folder of PNG files.

    Stopped or killed, the same command goes on with what is prepared.

    Examples:
    - `ganzoo data pack image-folder dataset.path=images --resolution 64 --out images.h5`
    - `ganzoo data pack flowers data.fit=pad --resolution 128 --compress --out flowers.h5`
    - `ganzoo data pack mnist --out mnist.npz`
    - `ganzoo train hdf5 dcgan hinge dataset.path=images.h5`

    """
    from ganzoo.data.descriptions import image_names, read_descriptions, require_rows_for, texts_for
    from ganzoo.data.packing import FORMATS_WITH_TEXTS, Pack, check_output, output_format, write
    from ganzoo.observers.console import ProgressBar, counting

    path, how = out.path, {"folder": out.is_folder, "force": force}
    check_output(path, compress=compress, described=descriptions is not None, **how)
    words = [*what, f"data.resolution={resolution}"] if resolution else what
    chosen = choose(words, None, registry(disable_plugin, plugin))
    source, bar = chosen.build(), ProgressBar()
    rows: Rows = {}
    if descriptions:
        rows = read_descriptions(descriptions)
    elif output_format(path, folder=out.is_folder) in FORMATS_WITH_TEXTS:
        rows = _rows_beside(source, chosen.options, bar)
    with chosen.entry.code.only_own_frames():
        data = _prepared(source, chosen, bar)
    names = image_names(source, data)
    if descriptions:
        require_rows_for(names, rows)
    texts = texts_for(names, rows)
    pack = Pack(data=data, facts=_facts(source, chosen), texts=texts, compress=compress)
    with counting("packing images", "packing {} images") as progress:
        write(pack, path, progress, **how)
    print(path)


def _rows_beside(source: Dataset, options: Options, bar: ProgressBar) -> Rows:
    """The table in the folder of the images, which may be of another kind: nothing then."""
    from ganzoo.contracts import NamedDataset
    from ganzoo.data.descriptions import TABLE_NAME, read_descriptions
    from ganzoo.errors import RequestError

    path = getattr(options, "path", None)
    if not (
        isinstance(source, NamedDataset)
        and isinstance(path, Path)
        and (path / TABLE_NAME).is_file()
    ):
        return {}
    try:
        return read_descriptions(path / TABLE_NAME)
    except RequestError as error:
        bar.on_message(f"no descriptions: {error}")
        return {}


def _prepared(source: Dataset, chosen: Chosen, bar: ProgressBar) -> Collection:
    from ganzoo.contracts import notes_of
    from ganzoo.data.cache import load_or_prepare
    from ganzoo.data.collection import Collection, group_classes
    from ganzoo.errors import RequestError

    how = chosen.how
    if how.balance:
        raise RequestError("data.balance is for runs, and a file has each image once: leave it out")
    group_classes(
        source.class_names, how.classes
    )  # so that a wrong name is refused before the work
    for note in notes_of(source):
        bar.on_message(note)
    entry = chosen.entry
    store = load_or_prepare(
        source, how, bar.on_preparation_progress, dataset_name=entry.qualified_name, code=entry.code
    )
    if store.skipped:
        bar.on_message("\n  ".join([f"{len(store.skipped)} left out:", *store.skipped]))
    data = Collection.of(store, how.classes)
    if not len(data):
        raise RequestError(f"data.classes={','.join(how.classes)}: there are no images of these")
    return data


def _facts(source: Dataset, chosen: Chosen) -> dict[str, str]:
    """Where the images come from, and how they were prepared."""
    return {
        "dataset": chosen.entry.qualified_name,
        "fingerprint": source.fingerprint,
        "preparation": json.dumps(chosen.how.named()),
    }
