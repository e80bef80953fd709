"""The plugin passes ganzoo's checks; its parts compute what the paper says, and resume exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ganzoo_cyclegan
import numpy as np
import pytest
import torch
from ganzoo_cyclegan.command import translate
from ganzoo_cyclegan.networks import PairGenerator, patch_discriminator
from ganzoo_cyclegan.pairs import join, split
from ganzoo_cyclegan.pool import ImagePool
from ganzoo_cyclegan.two_folders import TwoFolders
from PIL import Image
from torch import nn

from ganzoo import ImageShape, RequestError, TrainedRun, open_image
from ganzoo.testing import check_plugin
from ganzoo.testing.fixtures import TinyRun

SMALL = {"base_channels": 4, "blocks": 1, "sources": 6}


def folders(images: Path) -> dict[str, Path]:
    """The options of a dataset of two folders."""
    return {"x": images / "bright", "y": images / "dark"}


@pytest.fixture
def run(tiny_run: TinyRun, tiny_images: Path) -> TrainedRun:
    """A run of six steps whose pool is full after two, and which resumes exactly."""
    settings = {
        **{f"dataset.{name}": folder for name, folder in folders(tiny_images).items()},
        **{f"architecture.{name}": value for name, value in SMALL.items()},
        **{"data.resolution": "16x32", "loss.pool": 6, "augment.flip": True},
        **{"train.batch_size": 4, "train.steps": 6},
    }
    names = {"dataset": "two-folders", "architecture": "translators", "loss": "cyclegan"}
    return tiny_run(ganzoo_cyclegan, **names, settings=settings)


def test_plugin_passes_the_checks(tiny_images: Path) -> None:
    """Every component has a correct declaration and behaves as its kind requires."""
    options: dict[str, dict[str, Any]] = {
        "two-folders": dict(folders(tiny_images)),
        "translators": dict(SMALL),
    }
    check_plugin(ganzoo_cyclegan, options=options)


def test_a_run_samples_translations_of_its_real_images(run: TrainedRun, tiny_images: Path) -> None:
    """The upper half of each sample is one of the bright images, or its mirror image."""
    files = sorted((tiny_images / "bright").iterdir())
    real = np.stack([np.asarray(open_image(file)) for file in files])
    real = np.concatenate([real, real[:, :, ::-1]]).transpose(0, 3, 1, 2).astype(int)
    for image in run.generate(4).numpy():
        assert image.shape == (3, 32, 16)
        assert np.abs(real - image[:, :16]).max(axis=(1, 2, 3)).min() <= 1


def test_the_command_translates_a_folder(
    run: TrainedRun, tiny_images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file per image, and a run of other networks is refused."""
    out = tmp_path / "translated"
    translate(run.folder, tiny_images / "dark", out)
    assert capsys.readouterr().out.strip() == str(out)
    files = sorted(out.iterdir())
    assert [file.name for file in files[:2]] == ["00001-0.png", "00002-1.png"]
    assert {open_image(file).size for file in files} == {(16, 16)}
    assert len(files) == 8
    translate(run.folder, tiny_images / "dark", tmp_path / "back", back=True)
    one, other = (open_image(folder / files[0].name) for folder in (out, tmp_path / "back"))
    assert np.any(np.asarray(one) != np.asarray(other))


def test_a_dataset_of_two_folders_repeats_the_smaller_one(
    tiny_images: Path, tmp_path: Path
) -> None:
    """Pairs are cut to squares of one size, and an empty folder is refused."""
    for number, size in enumerate([(40, 20), (10, 30), (16, 16)]):
        Image.new("L", size, 100 * number).save(tmp_path / f"{number}.png")
    options = ganzoo_cyclegan.FoldersOptions(x=tmp_path, y=tiny_images)
    pairs = TwoFolders(options)
    assert len(pairs) == 16
    assert [pairs[number][0].size for number in range(3)] == [(20, 40), (16, 32), (16, 32)]
    assert [pairs[number][0].getpixel((0, 0)) for number in (1, 4)] == [(100, 100, 100)] * 2
    with pytest.raises(RequestError, match=r"write dataset\.x=FOLDER dataset\.y=FOLDER"):
        TwoFolders(ganzoo_cyclegan.FoldersOptions(x=tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="no images in"):
        TwoFolders(ganzoo_cyclegan.FoldersOptions(x=tmp_path / "empty", y=tiny_images))


def test_the_pool_returns_earlier_images_about_half_of_the_time() -> None:
    """It fills first; then each earlier image is returned once, and a new one takes its place."""
    pool, random = ImagePool(4), torch.Generator().manual_seed(0)
    numbers = torch.arange(404.0).view(-1, 1, 1, 1)
    first, *others = (pool.exchange(batch, random) for batch in numbers.split(4))
    assert torch.equal(first, numbers[:4])
    returned = torch.cat(others).flatten()
    earlier = (returned != numbers[4:].flatten()).sum().item()
    assert 160 < earlier < 240
    kept = torch.stack(pool.images).flatten()
    everything = torch.cat([first.flatten(), returned, kept]).sort().values
    # The first four were also returned while the pool was filled.
    assert set(everything.tolist()) == set(range(404))
    assert len(everything) == 408
    assert torch.equal(ImagePool(0).exchange(numbers, random), numbers)


def test_a_score_with_three_halvings_depends_on_70_x_70_pixels() -> None:
    """The discriminator of the paper, 70 x 70 PatchGAN; its normalization is left out here."""
    layers = patch_discriminator(1, 4, 3)
    convolutions = [each for each in layers if not isinstance(each, nn.InstanceNorm2d)]
    image = torch.zeros(1, 1, 128, 128, requires_grad=True)
    scores = nn.Sequential(*convolutions)(image)
    (gradient,) = torch.autograd.grad(scores[0, 0, 7, 7], image)
    assert gradient.abs().sum((0, 1, 2)).count_nonzero() == 70


def test_pairs_are_split_and_joined() -> None:
    """Two images above each other, and back."""
    x, y = torch.rand(2, 3, 8, 6), torch.rand(2, 3, 8, 6)
    assert join(x, y).shape == (2, 3, 16, 6)
    assert all(map(torch.equal, split(join(x, y)), (x, y)))


def test_sources_are_kept_until_there_is_no_more_room() -> None:
    """The seventh and eighth image do not fit."""
    generator = PairGenerator(ganzoo_cyclegan.NetworkOptions(**SMALL), ImageShape(1, 16, 8))
    x = torch.linspace(-1, 1, 8).view(8, 1, 1, 1).expand(8, 1, 8, 8)
    generator.store(x[:4], 0)
    generator.store(x[4:], 4)
    latents = generator.sample_latents(100, torch.Generator())
    torch.testing.assert_close(latents[:, 0, 0, 0].unique(), x[:6, 0, 0, 0], atol=0.004, rtol=0)
