"""An exported generator is the generator of the run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import ganzoo
from ganzoo import ArchitectureSpec, RequestError, TrainedGenerator
from ganzoo.export import safetensors_file
from ganzoo.export.card import Card
from ganzoo.export.safetensors_file import ExportedGenerator
from ganzoo.registry import Registry
from ganzoo.training import generator_file
from tests.export.small_generators import untrained
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]
ARCHITECTURES = [entry.component.name for entry in Registry.discover().entries("architecture")]


def exported(trained: TrainedGenerator, path: Path) -> ExportedGenerator:
    safetensors_file.write(trained, Card.of(trained), path)
    return safetensors_file.read(path)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_export_of_each_architecture_makes_the_same_images(
    architecture: str, tmp_path: Path
) -> None:
    trained = untrained(architecture)
    read = exported(trained, tmp_path / "export.safetensors")
    assert same(read.generator.state_dict(), trained.generator.state_dict())
    assert torch.equal(read.generate(2), trained.generate(2))
    assert read.image_shape == trained.image_shape


def test_an_export_of_an_earlier_stage_stays_there(tmp_path: Path) -> None:
    growth = {"growth.start": 4, "growth.fade_images": 100, "growth.stable_images": 100}
    trained = untrained("growing-mlp", 150, **growth)
    assert 0 < trained.growth_point.fade < 1
    read = exported(trained, tmp_path / "export.safetensors")
    assert read.growth_point == trained.growth_point
    assert read.generate(2).shape == (2, 3, 8, 8)
    assert torch.equal(read.generate(2), trained.generate(2))


def test_an_export_makes_the_same_images(tiny: Arguments, own_cache: Path, tmp_path: Path) -> None:
    run = ganzoo.train(**tiny(settings={"data.conditional": True}))
    ganzoo.export_generator(run, "safetensors", tmp_path / "export.safetensors")
    shutil.rmtree(own_cache)
    read = ganzoo.load(tmp_path / "export.safetensors")
    assert isinstance(read, ExportedGenerator)
    assert (read.step, read.images_seen, read.condition) == (3, run.images_seen, run.condition)
    assert torch.equal(read.generate(5, seed=2), run.generate(5, seed=2))
    assert torch.equal(read.generate_rows(2, truncation=0.5), run.generate_rows(2, truncation=0.5))
    assert read.frequencies
    assert run.frequencies
    assert read.frequencies.counts == run.frequencies.counts
    assert "step 3" in repr(read)
    found = ganzoo.evaluate(read, metrics="moments", samples=4, extractor="random", quiet=True)
    assert found.step == 3
    assert not run.evaluations  # those of an export are not saved


def test_the_values_of_real_images_are_in_the_file(tiny: Arguments, tmp_path: Path) -> None:
    settings = {"data.conditional": True, "dataset.condition": "vector"}
    run = ganzoo.train(**tiny(steps=1, settings=settings))
    read = exported(run, tmp_path / "export.safetensors")
    assert same(read.conditions(9, 1), run.conditions(9, 1))
    assert read.frequencies
    assert run.frequencies
    assert same(read.frequencies.rows, run.frequencies.rows)
    with safe_open(tmp_path / "export.safetensors", "pt") as file:
        assert "rows" not in json.loads(file.metadata()["card"])


def test_weights_are_read_by_other_programs(tmp_path: Path) -> None:
    trained = untrained("mlp")
    exported(trained, tmp_path / "export.safetensors")
    with safe_open(tmp_path / "export.safetensors", "pt") as file:
        card = json.loads(file.metadata()["card"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert card["architecture"] == "mlp/mlp"
    state = trained.generator.state_dict()
    assert same(weights, {f"generator.{name}": tensor for name, tensor in state.items()})


def test_an_exported_generator_is_exported_again(tmp_path: Path) -> None:
    first = untrained("mlp")
    given = {"license": "MIT", "description": "drawn"}
    ganzoo.export_generator(first, "safetensors", tmp_path / "a.safetensors", **given)
    a = ganzoo.load(tmp_path / "a.safetensors")
    ganzoo.export_generator(a, "safetensors", tmp_path / "b.safetensors", description="mine")
    b = ganzoo.load(tmp_path / "b.safetensors")
    assert isinstance(b, ExportedGenerator)
    assert (b.card.license, b.card.description, b.card.step) == ("MIT", "mine", 7)
    assert torch.equal(b.generate(2), first.generate(2))


def refused(path: Path) -> str:
    with pytest.raises(RequestError) as error:
        ganzoo.load(path)
    return str(error.value)


def rewritten(path: Path, card: Any = None, **texts: str) -> Path:
    """The file with other texts, and with the hash of another card if one is given."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if card is not None:
        texts |= {"card": card, "sha256": generator_file._sha256(tensors, card)}
    save_file(tensors, path, {**metadata, **texts})
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    exported(untrained("mlp"), tmp_path / "export.safetensors")
    return tmp_path / "export.safetensors"


def test_a_cut_file_is_refused(file: Path) -> None:
    content = file.read_bytes()
    for length in (0, 4, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        assert "is damaged or no safetensors file" in refused(file)


def test_a_changed_weight_is_noticed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    assert refused(file) == f"{file} is damaged: it differs from what was written; copy it again"


def test_a_changed_card_is_noticed(file: Path) -> None:
    content = file.read_bytes().replace(b"blossoms-mlp", b"blossoms-mlq")
    file.write_bytes(content)
    assert "differs from what was written" in refused(file)


def test_another_format_is_refused_with_the_version_that_wrote_it(file: Path) -> None:
    newer = refused(rewritten(file, format="99", ganzoo="9.0"))
    assert newer == (
        f"{file} was written by ganzoo 9.0 in format 99, and ganzoo {ganzoo.__version__} reads "
        "format 1: upgrade ganzoo-toolkit"
    )
    assert refused(rewritten(file, format="0")).endswith("use the version that wrote it")


def test_files_of_another_kind_are_refused(file: Path, tmp_path: Path) -> None:
    assert "is ganzoo latents, not ganzoo generator" in refused(
        rewritten(file, kind="ganzoo latents")
    )
    save_file({"a": torch.zeros(1)}, tmp_path / "b.safetensors")
    assert "is a safetensors file of another program" in refused(tmp_path / "b.safetensors")
    assert refused(tmp_path / "c.safetensors") == f"there is no file {tmp_path / 'c.safetensors'}"


def test_a_wrong_card_is_refused(file: Path) -> None:
    with safe_open(file, "pt") as opened:
        card = json.loads(opened.metadata()["card"])
    for change, reason in (
        ({"step": "many"}, "step: Input should be a valid integer"),
        ({"data_image_shape": [2**63, 8, 8]}, "data_image_shape.0: Input should be less than"),
        ({"image_shape": [3, 0, 8]}, "image_shape.1: Input should be greater than"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"requirements": {"surprise": True}}, "surprise"),
        ({"condition": {"kind": "class"}}, "ranges"),
    ):
        assert reason in refused(rewritten(file, json.dumps({**card, **change})))
    assert "its card is no object" in refused(rewritten(file, "[]"))
    assert "its card cannot be read" in refused(rewritten(file, "{"))


def test_a_missing_plugin_is_named(file: Path) -> None:
    with safe_open(file, "pt") as opened:
        card = json.loads(opened.metadata()["card"])
    card["settings"]["architecture"] = {"name": "rare/gan"}
    card["plugins"] = ["rare (ganzoo-rare 1.2)"]
    assert refused(rewritten(file, json.dumps(card))) == (
        "the architecture rare/gan is from the plugin rare (ganzoo-rare 1.2), which is not "
        "installed: ganzoo install ganzoo-rare==1.2"
    )
    card["settings"] |= {"architecture": {"name": "mlp/mlp", "width": 4, "latent_dim": 4}}
    card["settings"]["dataset"] = {"name": "rare/images", "path": "gone"}
    read = ganzoo.load(rewritten(file, json.dumps(card)))
    assert read.generate(1).shape == (1, 3, 16, 16)  # no dataset is needed


def test_networks_that_do_not_fit_are_refused(file: Path) -> None:
    with safe_open(file, "pt") as opened:
        card = json.loads(opened.metadata()["card"])
    card["settings"]["architecture"]["width"] = 5
    reason = refused(rewritten(file, json.dumps(card)))
    assert reason.startswith("the generator of mlp (ganzoo-toolkit")
    assert "size mismatch" in reason


def test_an_architecture_that_was_an_object_is_given_again(tiny: Arguments, tmp_path: Path) -> None:
    spec = Registry.discover().find("architecture", "mlp").component
    run = ganzoo.train(**{**tiny(architecture="mlp", steps=1), "architecture": spec})
    exported_path = tmp_path / "export.safetensors"
    ganzoo.export_generator(run, "safetensors", exported_path)
    assert "was passed as a Python object" in refused(exported_path)
    assert isinstance(spec, ArchitectureSpec)
    read = ganzoo.load(exported_path, architecture=spec)
    assert torch.equal(read.generate(2), run.generate(2))


def test_only_its_own_checkpoint_is_found(file: Path) -> None:
    assert ganzoo.load(file, 7).step == 7
    with pytest.raises(RequestError, match="has one checkpoint, step 7: remove --checkpoint best"):
        ganzoo.load(file, "best")
