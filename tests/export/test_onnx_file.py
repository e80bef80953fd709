from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo import RequestError
from ganzoo.export import onnx_file
from ganzoo.export.program import image_program
from ganzoo.output.trained_generator import TrainedGenerator
from tests.export.linear import CARD, SHAPE, LinearGenerator, Random
from tests.export.untrained import unconditional, untrained

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def conditional() -> TrainedGenerator:
    return untrained("mlp", "class")


def run(path: Path, **inputs: torch.Tensor) -> torch.Tensor:
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    arrays = {name: rows.numpy() for name, rows in inputs.items()}
    return torch.from_numpy(session.run(["images"], arrays)[0])


def described(values: Any) -> dict[str, list[str | int]]:
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_the_file_makes_the_images_of_the_generator_and_has_its_card(
    conditional: TrainedGenerator, tmp_path: Path
) -> None:
    path = tmp_path / "a.onnx"
    numbers = onnx_file.write(conditional, CARD, path)
    assert 0 <= numbers["largest difference from torch"] < 1e-5
    latents = conditional.latents(7, seed=3)
    condition = conditional.conditions(7, seed=3)
    assert condition is not None
    images = run(path, latents=latents, condition=condition)
    assert torch.allclose(images, conditional.generator(latents, condition), atol=1e-5)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == onnx_file.OPSET
    assert described(model.graph.input) == {"latents": ["batch", 4], "condition": ["batch"]}
    assert described(model.graph.output) == {"images": ["batch", *conditional.image_shape]}
    properties = {each.key: each.value for each in model.metadata_props}
    assert json.loads(properties["card"])["title"] == "a"
    assert b"/ganzoo" not in path.read_bytes(), "no names of files of this machine"


def test_float16_halves_the_file(conditional: TrainedGenerator, tmp_path: Path) -> None:
    program = image_program(conditional)
    full, half = onnx_file.model_of(program), onnx_file.model_of(program, float16=True)
    onnx.checker.check_model(onnx.load_from_string(half), full_check=True)
    stored = [
        sum(len(weight.raw_data) for weight in onnx.load_from_string(model).graph.initializer)
        for model in (full, half)
    ]
    assert stored[1] < 0.55 * stored[0]
    assert 0 < onnx_file.checked_difference(program, half, float16=True) < 2e-2
    with pytest.raises(RequestError, match="differ from the network's"):
        onnx_file.checked_difference(program, half)


def test_a_file_with_other_images_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    with pytest.raises(RequestError, match="by ONNX Runtime, differ from the network's"):
        onnx_file.write(unconditional(Random(), SHAPE), CARD, path)
    assert not path.exists()


def test_an_operation_that_onnx_lacks_is_refused_in_one_line() -> None:
    class Rare(LinearGenerator):
        def images(self, maps: torch.Tensor) -> torch.Tensor:
            images: torch.Tensor = torch.special.bessel_j0(maps)
            return images

    program = image_program(unconditional(Rare(), SHAPE))
    with pytest.raises(RequestError, match=r"ONNX lacks: .*bessel_j0") as caught:
        onnx_file.model_of(program)
    assert "\n" not in str(caught.value)
