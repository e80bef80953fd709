from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganzoo import GrowingGenerator, RequestError, imaging
from ganzoo.export.program import image_program, mapping_program, require_same, synthesis_program
from tests.export.linear import SHAPE, LinearGenerator
from tests.export.untrained import kinds, unconditional, untrained


class Branching(LinearGenerator):
    def images(self, maps: Tensor) -> Tensor:
        return maps if maps.sum() > 0 else -maps


class FixedBatch(LinearGenerator):
    def images(self, maps: Tensor) -> Tensor:
        return maps + torch.zeros(len(maps), 1, 1, 1)


@pytest.mark.parametrize("architecture", kinds())
def test_every_architecture_has_a_program_of_its_images(architecture: str) -> None:
    trained = untrained(architecture, kinds()[architecture][-1])
    program = image_program(trained)
    images = program.module(*program.examples.values())
    assert images.std(0).mean() > 0.05, "the images of a test differ"
    assert torch.equal(imaging.to_uint8(images), trained.generate(len(images)))
    exported = program.export().module()
    assert program.largest_difference(lambda inputs: exported(*inputs.values())) < 1e-5
    assert len(exported(*program.inputs(3).values())) == 3


def test_a_program_has_the_stage_and_the_fade_of_the_generator() -> None:
    trained = untrained("growing-mlp")
    assert isinstance(trained.generator, GrowingGenerator)
    trained.generator.grow(1, fade=0.5)
    program = image_program(trained)
    images = program.module(*program.examples.values())
    assert tuple(images.shape[1:]) == tuple(trained.generator.stages[1])
    exported = program.export().module()
    assert program.largest_difference(lambda inputs: exported(*inputs.values())) < 1e-5


def test_images_are_clipped() -> None:
    generator = LinearGenerator()
    nn.init.constant_(generator.layer.bias, 5.0)
    program = image_program(unconditional(generator, SHAPE))
    assert torch.equal(program.module(*program.inputs(2).values()), torch.ones(2, *SHAPE))


def test_the_parts_of_a_mapping_generator_make_the_same_images() -> None:
    trained = untrained("stylegan2", "class")
    program, mapping, synthesis = (
        make(trained) for make in (image_program, mapping_program, synthesis_program)
    )
    assert list(mapping.examples) == ["latents", "condition"]
    assert list(synthesis.examples) == ["intermediate"]
    points = mapping.module(*mapping.examples.values())
    images = program.module(*program.examples.values())
    assert torch.equal(synthesis.module(points), images)
    for part in (mapping, synthesis):
        inputs = tuple(part.inputs(3).values())
        exported = part.export().module()
        assert torch.allclose(exported(*inputs), part.module(*inputs), atol=1e-5)


def test_a_program_has_the_normalized_weights_and_leaves_the_generator_as_it_is() -> None:
    trained = untrained("fastgan")
    names = list(trained.generator.state_dict())
    before = trained.generate(2)
    module = image_program(trained).module
    assert any("parametrizations" in name for name in names)
    assert not any("parametrizations" in name for name in module.state_dict())
    assert list(trained.generator.state_dict()) == names
    assert torch.equal(trained.generate(2), before)


def test_a_program_names_no_files_of_this_machine() -> None:
    exported = image_program(unconditional(LinearGenerator(), SHAPE)).export()
    assert not [node for node in exported.graph.nodes if "stack_trace" in node.meta]


@pytest.mark.parametrize("generator", [Branching, FixedBatch])
def test_a_generator_that_cannot_be_exported_is_refused_in_one_line(
    generator: type[LinearGenerator],
) -> None:
    program = image_program(unconditional(generator(), SHAPE))
    with pytest.raises(RequestError, match="the generator cannot be exported: ") as caught:
        program.export()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("difference", [2e-4, float("nan")])
def test_a_difference_above_the_limit_is_refused(difference: float) -> None:
    with pytest.raises(RequestError, match="differ from the network's"):
        require_same(difference, 1e-4, "ONNX Runtime")
    assert require_same(1e-5, 1e-4, "ONNX Runtime") == 1e-5
