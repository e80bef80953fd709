from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo_hub.published_files import CHECKED, GENERATOR, SUMS
from tests.cli.conftest import Ganzoo, ganzoo_command
from tests.plugins.hub.stand_in import API, ERRORS, HTTPError, Hub, LocalTokenNotFoundError

__all__ = ["ganzoo_command"]
FILES = sorted([*CHECKED, SUMS])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(cache))
        small = {"dataset.count": 20, "architecture.base_channels": 2, "sample.count": 4}
        return ganzoo.train(
            "blossoms",
            "dcgan",
            "hinge",
            run_dir=tmp_path_factory.mktemp("runs") / "run",
            settings={**small, "architecture.latent_dim": 4},
            resolution=8,
            steps=2,
            batch_size=8,
            device="cpu",
            quiet=True,
        ).folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    found = Hub(tmp_path / "hub")
    monkeypatch.setitem(sys.modules, "huggingface_hub", found)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", ERRORS)
    monkeypatch.setenv("HF_TOKEN", "hf_SecretSecret")
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_generator_goes_to_a_folder_and_back(
    trained: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    texts = ("--license", "MIT", "--description", "Drawn flowers.")
    done = ganzoo_command("push", trained, "published/", *texts)
    assert done.status == 0
    assert done.out.startswith("published/: blossoms-dcgan-hinge, step 2\nSHA-256 of ")
    assert names(tmp_path / "published") == FILES
    digits = done.out.split()[-1]
    done = ganzoo_command("pull", "published", "--out", "mine", "--sha256", digits.upper())
    assert done.status == 0
    assert f"mine/{GENERATOR}: blossoms-dcgan-hinge, step 2, license: MIT\n" in done.out
    assert names(tmp_path / "mine") == FILES
    pulled = ganzoo.load(tmp_path / "mine" / GENERATOR)
    assert torch.equal(pulled.generate(4), ganzoo.load(trained).generate(4))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "published"]


def test_the_readme_has_the_header_and_the_card(
    trained: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    ganzoo_command("push", trained, "mit", "--license", "MIT", "--description", "Drawn flowers.")
    text = (tmp_path / "mit" / "README.md").read_text("utf-8")
    header = text.split("---\n")[1].splitlines()
    assert header == [
        'library_name: "ganzoo"',
        'pipeline_tag: "unconditional-image-generation"',
        'tags: ["gan", "ganzoo", "dcgan"]',
        'license: "mit"',
    ]
    for part in ("# blossoms-dcgan-hinge", "Drawn flowers.", "8 x 8 pixels", "ganzoo pull mit"):
        assert part in text
    ganzoo_command("push", trained, "my own", "--license", 'Ask: "me"')
    text = (tmp_path / "my own" / "README.md").read_text("utf-8")
    assert 'license: "other"\nlicense_name: "Ask: \\"me\\""\n' in text
    assert "ganzoo pull 'my own' --out generator/\n" in text


def test_a_generator_goes_to_a_repository_and_back(
    trained: Path, hub: Hub, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = ganzoo_command("push", trained, "hf://me/flowers")
    assert done.status == 0
    assert hub.private == {"me/flowers": True}
    assert names(hub.root / "me" / "flowers") == FILES
    assert ganzoo_command("push", trained, "hf://me/seen", "--public").status == 0
    assert hub.private["me/seen"] is False
    hub.calls.clear()
    done = ganzoo_command("pull", "hf://me/flowers", "--out", "new/mine", "--revision", "v1")
    assert done.status == 0
    assert names(tmp_path / "new" / "mine") == FILES
    assert hub.calls == ["repo_info", *(f"{name} at commit of v1" for name in (SUMS, *CHECKED))]


def change_a_weight(folder: Path) -> None:
    content = bytearray((folder / GENERATOR).read_bytes())
    content[-1] ^= 1
    (folder / GENERATOR).write_bytes(content)


def name_another_file(folder: Path) -> None:
    with (folder / SUMS).open("a") as file:
        file.write(f"{'0' * 64}  ../run.toml\n")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change_a_weight, f"{GENERATOR} of published does not have the SHA-256 sum"),
        (name_another_file, f"{SUMS} of published is damaged"),
        (lambda folder: (folder / SUMS).unlink(), f"published has no {SUMS}"),
        (lambda folder: (folder / "samples.png").unlink(), "published has no samples.png"),
        (lambda folder: (folder / SUMS).write_bytes(b"\xff" * 20_000), "is damaged"),
    ],
)
def test_changed_files_are_refused(
    trained: Path,
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    damage: Callable[[Path], Any],
    reason: str,
) -> None:
    ganzoo_command("push", trained, "published")
    damage(tmp_path / "published")
    assert reason in ganzoo_command("pull", "published", "--out", "mine").error
    assert names(tmp_path) == ["published"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("push", "run", "taken"), "taken exists already"),
        (("push", "run", "new", "--public"), "--public is for a repository"),
        (("push", "run", "hf://flowers"), "write hf://USER/NAME"),
        (("push", "run", "new", "--checkpoint", "9"), "checkpoint"),
        (("push", "nowhere", "new"), "nowhere"),
        (("pull", "me/flowers", "--out", "new"), "a repository is written hf://USER/NAME"),
        (("pull", "hf://me/flowers", "--out", "new"), "does not exist or needs a login"),
        (("pull", "hf://me/../x", "--out", "new"), "write hf://USER/NAME"),
        (("pull", "taken", "--out", "new"), f"taken has no {SUMS}"),
        (("pull", "taken", "--out", "new", "--revision", "v1"), "--revision is for a repository"),
        (("pull", "taken", "--out", "taken"), "taken exists already"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_request_gets_one_line(
    trained: Path,
    hub: Hub,
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    shutil.copytree(trained, tmp_path / "run")
    assert reason in ganzoo_command(*arguments).error
    assert not (tmp_path / "new").exists()
    assert names(tmp_path / "taken") == ["mine.txt"]


@pytest.mark.parametrize("command", [("push", "run", "."), ("pull", "run", "--out", ".")])
def test_the_working_folder_is_refused(ganzoo_command: Ganzoo, command: tuple[str, ...]) -> None:
    assert ". is the working folder: name a new folder in it" in ganzoo_command(*command).error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LocalTokenNotFoundError("hf_SecretSecret"), "log in by `hf auth login`"),
        (HTTPError("403: hf_SecretSecret is not allowed\nRequest ID: 1"), "403: hf_... is not"),
        (OSError("no network"), "hf://me/flowers: no network"),
    ],
)
def test_an_error_of_the_hub_is_one_line_without_the_token(
    trained: Path, hub: Hub, ganzoo_command: Ganzoo, error: Exception, reason: str
) -> None:
    hub.error = error
    for arguments in (("push", trained, "hf://me/flowers"), ("pull", "hf://me/flowers", "--out=x")):
        shown = ganzoo_command(*arguments).error
        assert reason in shown
        assert "Secret" not in shown


def test_another_sum_than_the_expected_one_is_refused(
    trained: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    ganzoo_command("push", trained, "published")
    done = ganzoo_command("pull", "published", "--out", "mine", "--sha256", "0" * 64)
    assert re.search(rf"has the SHA-256 sum [0-9a-f]{{64}}, not {'0' * 64}$", done.error)
    assert not (tmp_path / "mine").exists()


def test_a_folder_needs_no_library(
    trained: Path, ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert ganzoo_command("push", trained, "published").status == 0
    shown = ganzoo_command("push", trained, "hf://me/flowers").error
    assert 'pip install "ganzoo-toolkit[hub]"' in shown


def test_the_stand_in_has_the_errors_of_the_library() -> None:
    if not API:
        pytest.skip("huggingface_hub is not installed")
    for name, error in vars(ERRORS).items():
        real = getattr(import_module("huggingface_hub.errors"), name)
        assert issubclass(real, OSError) or not issubclass(error, OSError)
