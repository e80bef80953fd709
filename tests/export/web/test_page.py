"""The page is one file that contains everything; `nox -s browser` opens pages in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from ganzoo import RequestError
from ganzoo.export import onnx_file
from ganzoo.export.card import Card
from ganzoo.export.web import page, write
from ganzoo.output.directions.finding import by_method
from ganzoo.output.directions.saved import Direction, Directions
from ganzoo.output.trained_generator import TrainedGenerator
from tests.export.web.pages import generator


@pytest.fixture(scope="module")
def trained() -> TrainedGenerator:
    """A generator without conditions."""
    return generator("mlp")


@pytest.fixture(autouse=True)
def no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without networks, which take long to export."""
    monkeypatch.setattr(onnx_file, "model_of", lambda program: b"network")
    monkeypatch.setattr(onnx_file, "checked_difference", lambda program, model: 1e-6)


def test_the_page_is_a_file_or_the_index_of_a_folder(
    trained: TrainedGenerator, tmp_path: Path
) -> None:
    file, folder = tmp_path / "a.html", tmp_path / "site"
    assert write(trained, Card.of(trained), file) == {"largest difference from torch": 1e-6}
    write(trained, Card.of(trained), folder)
    assert [each.name for each in folder.iterdir()] == ["index.html"]
    assert (folder / "index.html").read_bytes() == file.read_bytes()


def test_the_page_names_no_other_file(trained: TrainedGenerator, tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    write(trained, Card.of(trained), file)
    html = re.sub(r"<script.*?</script>", "", file.read_text("utf-8"), flags=re.DOTALL)
    addresses = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', html)
    assert addresses == [("data:,", "")]
    assert "default-src 'none'" in html
    assert "Copyright (c) Microsoft Corporation" in html


def test_texts_of_the_user_are_no_code(trained: TrainedGenerator, tmp_path: Path) -> None:
    name, file = "</script><b>", tmp_path / "a.html"
    vector = torch.ones(trained.latents(1).shape[1:])
    directions = Directions("latents", (Direction(name, vector, 1.0, 0.5),))
    directions.save(tmp_path / "directions.safetensors")
    card = Card.of(trained, description="<script>alert(1)</script>", license=name)
    write(trained, card, file, directions=tmp_path / "directions.safetensors")
    html = file.read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in html
    assert name not in html
    assert '"name":"\\u003c/script>\\u003cb>"' in html


def test_directions_of_another_generator_are_refused(
    trained: TrainedGenerator, tmp_path: Path
) -> None:
    file = tmp_path / "directions.safetensors"
    by_method(generator("stylegan2"), images=64).save(file)
    with pytest.raises(RequestError, match="the directions belong to another generator"):
        write(trained, Card.of(trained), tmp_path / "a.html", directions=file)
    assert not (tmp_path / "a.html").exists()


def test_a_page_that_browsers_cannot_open_is_refused(
    trained: TrainedGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "LARGEST", 4_000_000)
    with pytest.raises(RequestError, match="more than the 4 MB that browsers open: export"):
        write(trained, Card.of(trained), tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()
