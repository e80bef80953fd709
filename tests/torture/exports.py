"""Kinds of inputs that are exported generators."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ganzoo.export import safetensors_file
from ganzoo.export.card import Card
from ganzoo.training import generator_file
from tests.export.small_generators import untrained
from tests.sameness import same
from tests.torture.input_kind import InputKind, file_contents

NAME = "export.safetensors"


@cache
def _content() -> bytes:
    trained = untrained("mlp")
    card = Card.of(trained).model_copy(update={"date": "2026-01-01T00:00:00Z"})
    return file_contents(".safetensors", lambda path: safetensors_file.write(trained, card, path))[
        0
    ]


def _read(folder: Path, content: bytes) -> None:
    (folder / "valid.safetensors").write_bytes(_content())
    (folder / NAME).write_bytes(content)
    found = safetensors_file.read(folder / NAME)
    valid = safetensors_file.read(folder / "valid.safetensors")
    assert found.card == valid.card
    assert same(found.generator.state_dict(), valid.generator.state_dict())


def _card() -> list[bytes]:
    trained = untrained("mlp")
    return [Card.of(trained).to_json(indent=1).encode()]


def _read_card(folder: Path, content: bytes) -> None:
    """Read the broken card in a file whose checksum fits it; it may have other values."""
    weights = untrained("mlp").generator.state_dict()
    generator_file.write(folder / NAME, content.decode(errors="replace"), weights, {})
    found = safetensors_file.read(folder / NAME)
    json.loads(found.card.to_json())
    assert found.image_shape == found.growth_point.stage.image_shape


KINDS = (
    InputKind("exports", lambda: [_content()], _read),
    InputKind("cards of exports", _card, _read_card, is_text=True),
)
