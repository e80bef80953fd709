from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import tensor_file
from ganzoo.contracts import Condition
from ganzoo.errors import RequestError
from ganzoo.output.directions import finding, images, scalars
from ganzoo.output.directions.moved import moved
from ganzoo.output.directions.saved import Direction, Directions, parse_amounts
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.training.sampling import ConditionFrequencies, latents_of

GRAY, YELLOW = 2, 5
"""The numbers of the latents that decide the brightness and the hue."""


class Colors(ganzoo.Generator):
    """Images of one color, of eight numbers of which two matter; the hue has more weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 2)
        with torch.no_grad():
            self.first.weight.zero_()
            self.first.weight[0, GRAY], self.first.weight[1, YELLOW] = 1, 3

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 8, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        gray, yellow = self.first(latents).unbind(1)
        red = green = gray + yellow / 8
        colors = torch.stack([red, green, gray - 7 / 8 * yellow], 1)
        return (colors / 20)[..., None, None].expand(-1, -1, 4, 4)


class Normalized(Colors):
    """No layer computes a linear function of the latents."""

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(latents / latents.norm(dim=1, keepdim=True))


class Mapped(Colors):
    """The intermediate latents are equal vectors for three layers; number k has the factor k."""

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        w = latents * torch.arange(8)
        if condition is not None:
            w[:, 7] = 5.0 * condition
        return w[:, None].expand(-1, 3, -1)

    def synthesize(self, intermediate: Tensor) -> Tensor:
        return super().forward(intermediate.mean(1))

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.synthesize(self.map(latents, condition))


def trained_as(generator: ganzoo.Generator, condition: Condition | None = None) -> TrainedGenerator:
    made = TrainedGenerator()
    made.generator = generator.eval().requires_grad_(False)
    made.condition = made.data_condition = condition
    made.frequencies = ConditionFrequencies([1, 1]) if condition else None
    made.source, made.step = Path("run"), 7
    made.run = cast("Any", SimpleNamespace(title="colors"))
    return made


def test_singular_vectors_of_the_first_layer_are_found() -> None:
    found = finding.by_method(trained_as(Colors()), "weights", count=2, images=64)
    assert (found.space, found.notes["method"]) == ("latents", "weights")
    assert [direction.name for direction in found] == ["weight-1", "weight-2"]
    for direction, number, part in zip(found, (YELLOW, GRAY), (0.9, 0.1), strict=True):
        assert torch.allclose(direction.vector, torch.eye(8)[number], atol=1e-5)
        assert direction.explained == pytest.approx(part)
        assert 0.7 < direction.std < 1.3


def test_gradients_find_directions_if_no_layer_is_linear_in_the_latents() -> None:
    trained = trained_as(Normalized())
    found = finding.by_method(trained, count=2, images=512)
    assert found.notes["method"] == "gradients"
    for direction, number in zip(found, (YELLOW, GRAY), strict=True):
        assert abs(direction.vector[number]) > 0.9
    with pytest.raises(RequestError, match="no layer computes a linear function"):
        finding.by_method(trained, "weights", images=64)


def test_principal_components_change_the_vectors_of_all_layers() -> None:
    found = finding.by_method(trained_as(Mapped()), "pca", count=1, images=2000)
    assert (found.space, found.notes["method"]) == ("intermediate", "pca")
    assert found[0].vector.shape == (3, 8)
    assert torch.allclose(found[0].vector[0], found[0].vector[2])
    assert found[0].vector[0, 7] > 0.95
    assert found[0].std == pytest.approx(7, rel=0.1)
    with pytest.raises(RequestError, match="no intermediate latents"):
        finding.by_method(trained_as(Colors()), "pca")


@pytest.mark.parametrize("generator", [Colors(), Mapped()])
def test_planted_numbers_are_found_by_regression(generator: ganzoo.Generator) -> None:
    found = finding.by_names(trained_as(generator), ["hue", "brightness"], images=400)
    assert [direction.name for direction in found] == ["hue-red", "hue-yellow", "brightness"]
    for name, number in (("hue-yellow", YELLOW), ("brightness", GRAY)):
        direction = found.named(name)
        assert direction.vector[..., number].mean() > 0.8, name
        assert 0.5 < direction.explained <= 1


def test_a_function_of_images_has_a_direction(tmp_path: Path) -> None:
    file = tmp_path / "measures.py"
    file.write_text("def blueness(images):\n    return images[:, 2].mean((1, 2))\n")
    found = finding.by_names(trained_as(Colors()), [f"{file}:blueness"], images=400)
    assert found[0].name == "blueness"
    assert found[0].vector[YELLOW] < -0.85
    with pytest.raises(RequestError, match="there is no such function"):
        scalars.scalars(f"{file}:greenness")


def test_classes_have_directions_if_intermediate_latents_contain_them() -> None:
    classes = Condition("class", ("small", "large"))
    found = finding.by_names(trained_as(Mapped(), classes), ["classes"], images=64)
    assert [direction.name for direction in found] == ["small", "large"]
    assert found.named("large").vector[0, 7] > 0.99
    with pytest.raises(RequestError, match="beside them: use --class"):
        finding.by_names(trained_as(Colors(), classes), ["classes"])
    with pytest.raises(RequestError, match="trained without conditions"):
        finding.by_names(trained_as(Mapped()), ["classes"])


@pytest.mark.parametrize(
    ("function", "count", "message"),
    [
        (lambda images: images.mean((1, 2, 3)), 20, "use --images 24 or more"),
        (lambda images: images, 40, r"returned \(40, 3, 4, 4\) for 40 images"),
        (lambda images: images[:, 0, 0, 0] / 0, 40, "not finite"),
        (lambda images: torch.ones(len(images)), 40, "the same for all images"),
        (lambda images: 3, 40, "returned int"),
    ],
)
def test_numbers_without_a_direction_are_refused(function: Any, count: int, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        finding.by_scalars(trained_as(Colors()), {"it": function}, count)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_scalar_is_measured_for_any_number_of_channels(channels: int) -> None:
    pixels = torch.rand(5, channels, 6, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for functions in scalars.SCALARS.values():
        for name, function in functions.items():
            values = function(pixels)
            assert values.shape == (5,), name
            assert values.isfinite().all(), name


def test_the_colors_are_those_of_oklab() -> None:
    colors = torch.tensor([[1.0, 1, 1], [-1, -1, -1], [1, -1, -1]])[..., None, None]
    expected = torch.tensor([[1.0, 0, 0], [0, 0, 0], [0.628, 0.225, 0.126]])
    assert torch.allclose(scalars.oklab(colors)[..., 0, 0], expected, atol=1e-3)


def two(vector: Tensor) -> Directions:
    """Two directions, the second opposite to the first."""
    return Directions(
        "latents" if vector.ndim == 1 else "intermediate",
        (Direction("one", vector, 2.0, 0.5), Direction("other", -vector, 1.0, 0.25)),
        {"method": "weights"},
    )


def test_directions_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    saved = two(torch.arange(8.0))
    saved.save(path)
    read = Directions.read(path)
    assert (read.space, read.notes) == ("latents", {"method": "weights"})
    for a, b in zip(saved, read, strict=True):
        assert (a.name, a.std, a.explained) == (b.name, b.std, b.explained)
        assert torch.equal(a.vector, b.vector)
    with pytest.raises(RequestError, match="no direction called ome; did you mean one"):
        read.named("ome")


@pytest.mark.parametrize(
    ("names", "reason"),
    [('["one"]', "longer than"), ("[", "Expecting value"), (None, "it has no 'names'")],
)
def test_a_file_with_a_missing_or_wrong_part_is_refused(
    tmp_path: Path, names: str | None, reason: str
) -> None:
    path = tmp_path / "two.safetensors"
    two(torch.arange(8.0)).save(path)
    tensors, texts = tensor_file.read(path, "ganzoo directions")
    del texts["names"]
    tensor_file.write(path, tensors, {**texts, **({} if names is None else {"names": names})})
    with pytest.raises(RequestError, match=f"is damaged: .*{reason}"):
        Directions.read(path)


def test_two_numbers_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def contrast(images):\n    return images.std((1, 2, 3))\n")
    names = ["contrast", f"{tmp_path / 'own.py'}:contrast"]
    with pytest.raises(RequestError, match="there is a contrast already: remove one"):
        finding.by_names(trained_as(Colors()), names, 64)


def test_no_explained_part_is_negative() -> None:
    found = finding.by_method(trained_as(Colors()), count=8, images=64)
    assert all(0 <= each.explained <= 1 for each in found)


@pytest.mark.parametrize("generator", [Colors(), Mapped()])
def test_moved_images_are_those_of_moved_points(generator: ganzoo.Generator) -> None:
    trained = trained_as(generator)
    space = LatentSpace(generator)
    points = space.points(trained.latents(3))
    directions = two(torch.ones_like(points[0]))
    changed = moved(trained, directions, {"one": 1, "other": 0.5})
    assert torch.equal(changed.generate(3), space.pixels(points + 1.5))
    assert not torch.equal(changed.generate(3), trained.generate(3))
    half = trained.truncated(0.5)
    points = LatentSpace(half).points(latents_of(half, range(3), 0))
    # The offset is not truncated.
    assert torch.equal(changed.generate(3, truncation=0.5), LatentSpace(half).pixels(points + 1.5))


def test_directions_of_another_generator_are_refused() -> None:
    with pytest.raises(RequestError, match="belong to another generator"):
        moved(trained_as(Colors()), two(torch.ones(9)), {"one": 1})
    with pytest.raises(RequestError, match="belong to another generator"):
        moved(trained_as(Colors()), two(torch.ones(3, 8)), {"one": 1})


def test_amounts_are_read_from_a_text() -> None:
    assert parse_amounts("hue-red=2, 3 petals=-.5") == {"hue-red": 2.0, "3 petals": -0.5}
    for text in ("", "hue", "=1", "hue=x", "hue=1,", "hue=inf", "hue=nan"):
        with pytest.raises(RequestError, match="write NAME=AMOUNT"):
            parse_amounts(text)
    with pytest.raises(RequestError, match="there is an amount of hue already"):
        parse_amounts("hue=2, hue=-2")
    with pytest.raises(RequestError, match="hue=1e39: write at most 100 standard deviations"):
        parse_amounts("hue=1e39")


def test_rows_have_the_images_of_each_direction_and_amount() -> None:
    trained = trained_as(Colors())
    directions = two(torch.eye(8)[GRAY])
    rows = images.rows_along(trained, directions, count=3)
    assert rows.shape == (6, 7, 3, 4, 4)
    assert torch.equal(rows[:3, 3], trained.generate(3))
    assert torch.equal(rows[4, 6], moved(trained, directions, {"other": 3}).generate(3)[1])
    pixels = images.grid(trained, directions)
    assert pixels.shape[0] > 4 * 64


def test_frames_go_to_both_sides_and_back() -> None:
    trained = trained_as(Colors())
    step = 2 * torch.eye(8)[GRAY]
    latents = torch.zeros(1, 8)
    frames = list(images.frames_along(trained.generator, latents, step, frames=4))
    grays = [cast("tuple[int, ...]", frame.getpixel((128, 128)))[0] for frame in frames]
    assert len(frames) == 8
    assert grays[:5] == sorted(grays[:5])
    assert grays[1:4] == grays[:4:-1]
    assert grays[4] - grays[0] == pytest.approx(2 * 2 * 127.5 / 20, abs=1.5)
