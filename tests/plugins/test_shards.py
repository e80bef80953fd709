from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray

import ganzoo
from ganzoo import BulkDataset, Condition, RequestError, StreamedDataset
from ganzoo.data.batches import Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.data.pack import Pack
from ganzoo.data.packing import check_output, write
from ganzoo.data.preparation import Preparation
from ganzoo.data.shard_files import shard_count
from ganzoo.data.streaming import StreamedImages
from ganzoo_shards import ShardsOptions
from ganzoo_shards.images import ShardImages
from tests.remote.faulty_server import FaultyServer, serving

CLASSES = Condition("class", ("daisy", "rose"))
VALUES = Condition("vector", ("hue", "size"), ((0.0, 1.0), (0.0, 9.0)))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


def images(count: int = 300, side: int = 64, condition: Condition | None = CLASSES) -> Collection:
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    values: NDArray[Any] | None = np.arange(count) % 2
    if condition is None or condition.kind != "class":
        values = None if condition is None else condition.examples(count).numpy()
    return Collection.of(PreparedImages(pixels, values, condition))


def pack(folder: Path, shards: int = 4, **which: Any) -> Path:
    write(Pack(data=images(**which), shards=shards), folder)
    return folder


def opened(address: Path | str, **options: Any) -> ShardImages:
    return ShardImages(ShardsOptions(path=str(address), **options))


def error_of(address: Path | str) -> str:
    with pytest.raises(RequestError) as refused:
        opened(address, patience=0).read(range(300))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("condition", [None, CLASSES, VALUES])
@pytest.mark.parametrize("shards", [1, 4, 7])
def test_shards_contain_what_was_packed(
    tmp_path: Path, shards: int, condition: Condition | None
) -> None:
    folder = pack(tmp_path / "out", shards, condition=condition)
    data, found = images(condition=condition), opened(folder)
    assert isinstance(found, StreamedDataset)
    assert isinstance(found, BulkDataset)
    assert (len(found), found.condition) == (300, condition)
    pixels = data.store.take(data.indices)
    assert np.array_equal(found.read(range(3, 300, 2))[0], pixels[3:300:2])
    chosen = np.array([86, 100, 169])  # of one chunk, some of them in two shards
    assert np.array_equal(found.read_images(chosen), pixels[chosen])
    assert np.array_equal(found[7][0], pixels[7])
    if data.values is not None:
        assert np.array_equal(found.values, data.values)
    each = [np.load(file) for file in sorted(folder.glob("images-*.npy"))]
    assert np.array_equal(np.concatenate(each), pixels)
    sizes = {len(part) for part in each}
    assert max(sizes) - min(sizes) <= 1


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    first = opened(pack(tmp_path / "a")).fingerprint
    assert opened(pack(tmp_path / "b", shards=3)).fingerprint == first
    assert opened(pack(tmp_path / "c", count=299)).fingerprint != first
    assert opened(pack(tmp_path / "d", condition=None)).fingerprint != first


def test_shards_of_a_size_and_their_number(tmp_path: Path) -> None:
    data = images(20)
    assert shard_count(data, 100_000) == 3  # of 8 images of 12,288 bytes
    assert shard_count(data, 128 + 12_288) == 20
    with pytest.raises(RequestError, match="less than one image: write at least 12,416"):
        shard_count(data, 12_415)
    with pytest.raises(RequestError, match="20 images cannot be split into 21 shards"):
        write(Pack(data=data, shards=21), tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_what_shards_cannot_be_is_refused_and_force_replaces_them(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"written into a folder: write --out FOLDER/"):
        check_output(tmp_path / "a.h5", shards=True)
    with pytest.raises(RequestError, match="remove --compress"):
        check_output(tmp_path / "a", folder=True, shards=True, compress=True)
    with pytest.raises(RequestError, match="cannot contain descriptions"):
        check_output(tmp_path / "a", folder=True, shards=True, described=True)
    folder = pack(tmp_path / "a")
    check_output(folder, folder=True, shards=True, force=True)
    (folder / "notes.txt").touch()
    with pytest.raises(RequestError, match="contains other files than an earlier pack"):
        check_output(folder, folder=True, shards=True, force=True)


def test_the_command_packs_shards_of_a_number_or_size(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from ganzoo.cli import app

    def run(*words: str) -> Any:
        what = ["data", "pack", "blossoms", "dataset.count=30", "--resolution", "8"]
        return CliRunner().invoke(app, [*what, *words])

    assert run("--shards", "3", "--out", f"{tmp_path}/a/").exit_code == 0
    assert len(list((tmp_path / "a").glob("images-*.npy"))) == 3
    assert run("--shard-size", "2kB", "--out", f"{tmp_path}/b/").exit_code == 0
    assert all(file.stat().st_size <= 2000 for file in (tmp_path / "b").glob("images-*.npy"))
    assert opened(tmp_path / "a").fingerprint == opened(tmp_path / "b").fingerprint
    for words in (["--shard-size", "two"], ["--shard-size", "1MB", "--shards", "2"]):
        assert isinstance(run(*words, "--out", f"{tmp_path}/c/").exception, RequestError)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "other"}', "\0"])
def test_a_damaged_index_is_one_line(tmp_path: Path, text: str) -> None:
    folder = pack(tmp_path / "a")
    (folder / "index.json").write_text(text)
    message = error_of(folder)
    assert message.startswith(f"{folder}/index.json is not an undamaged index of shards (")


@pytest.mark.parametrize(
    ("key", "value"),
    [("version", 2), ("chunk", 7), ("shape", [64, 64, 1]), ("shape", [0, 1, 1]), ("labels", None)],
)
def test_an_index_that_contradicts_itself_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    index = pack(tmp_path / "a") / "index.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), key: value}))
    assert "is not an undamaged index of shards" in error_of(index)


def test_names_of_shards_outside_of_the_folder_are_refused(tmp_path: Path) -> None:
    index = pack(tmp_path / "a") / "index.json"
    for name in ("../images-00000.npy", "/etc/passwd", "http://host/a.npy", ".hidden", ""):
        content = json.loads(index.read_text())
        content["shards"][0]["file"] = name
        index.write_text(json.dumps(content))
        assert "shards.0.file" in error_of(index)


def test_shards_that_are_missing_truncated_or_changed_are_named(tmp_path: Path) -> None:
    folder = pack(tmp_path / "a")
    shard = folder / "images-00002.npy"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    assert f"{shard} has 921,727 bytes, and 921,728 in" in error_of(folder)
    shard.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "are not those of" in error_of(folder)
    assert str(shard) in error_of(folder)
    shard.unlink()
    assert f"cannot read {shard}: No such file" in error_of(folder)


def test_a_shard_that_changes_while_it_is_read_is_named(tmp_path: Path) -> None:
    folder = pack(tmp_path / "a")
    dataset, shard = opened(folder), folder / "images-00000.npy"
    dataset.read_images(np.array([0]))
    (tmp_path / "b").write_bytes(shard.read_bytes())
    (tmp_path / "b").replace(shard)
    with pytest.raises(RequestError, match=r"images-00000\.npy has changed while it was read"):
        dataset.read_images(np.array([1]))


def test_labels_of_another_index_are_refused(tmp_path: Path) -> None:
    folder = pack(tmp_path / "a")
    labels = folder / "labels.npy"
    content = bytearray(labels.read_bytes())
    content[-8] ^= 1
    labels.write_bytes(content)
    assert f"{labels} does not belong to its index" in error_of(folder)


@pytest.mark.parametrize(
    "labels",
    [np.zeros(7, int), np.zeros((300, 2), int), np.full(300, np.nan), np.array(["a"] * 300), None],
)
def test_labels_that_cannot_belong_to_the_images_are_refused(tmp_path: Path, labels: Any) -> None:
    folder = pack(tmp_path / "a")
    path, index = folder / "labels.npy", json.loads((folder / "index.json").read_text())
    if labels is None:  # an array of 80 TB
        header = {"descr": "<i8", "fortran_order": False, "shape": (10**13,)}
        with path.open("wb") as file:
            npy.write_array_header_1_0(file, header)
    else:
        np.save(path, labels)
    content = path.read_bytes()
    index["labels"] |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "index.json").write_text(json.dumps(index))
    assert f"{path} or the condition of its index is damaged: copy both" in error_of(folder)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    pytest.importorskip("aiohttp")
    with serving() as served:
        for file in pack(tmp_path / "a").iterdir():
            served.files[f"/{file.name}"] = file.read_bytes()
        yield served


def test_a_run_over_the_network_with_faults_trains_on_the_same_images(
    tmp_path: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.remote.retries._FIRST_PAUSE", 0.01)
    taken = []
    for address in (str(tmp_path / "a"), server.address):
        server.faults = ["", "drop", "500", "", "truncate", "", "", "503", "drop"]
        store = StreamedImages(opened(address, window=150), Preparation(resolution=16))
        batches = Batches(Collection.of(store), 0, torch.device("cpu"))
        taken.append([batches.take(position, 20).images for position in range(0, 600, 20)])
    assert torch.equal(torch.cat(taken[0]), torch.cat(taken[1]))
    assert not server.faults
    chunks = [r for r in server.ranges if r[1] - r[0] < 921_728]
    assert len(set(chunks)) < 12  # four chunks, some in two shards: no request for each image
    assert opened(server.address).fingerprint == opened(tmp_path / "a").fingerprint


def test_a_run_stopped_in_an_epoch_resumes_exactly_over_the_network(
    tmp_path: Path, server: FaultyServer, tiny: Callable[..., dict[str, Any]]
) -> None:
    from ganzoo.training.checkpoint import Checkpoints
    from tests.sameness import same

    def run(name: str, steps: int) -> Path:
        where = {"dataset.path": server.address, "dataset.window": 90}
        return ganzoo.train(**tiny(name, steps=steps, dataset="shards", settings=where)).folder

    straight, halved = run("straight", 4), run("halved", 1)
    ganzoo.resume(halved, steps=4, quiet=True)
    states = [Checkpoints(f / "checkpoints", 3).load()["state"] for f in (straight, halved)]
    assert same(states[0]["networks.generator"], states[1]["networks.generator"])
