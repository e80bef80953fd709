"""Every architecture, with every kind of condition, as an ONNX file: ``nox -s exports``."""

from __future__ import annotations

import pytest

from ganzoo.export import onnx_file
from ganzoo.export.program import image_program
from tests.export.untrained import VARIANTS, Options, kinds, untrained

CASES = [
    *((name, kind, {}) for name, known in kinds().items() for kind in known),
    *((name, None, options) for name, options in VARIANTS.items()),
]


@pytest.mark.parametrize(("architecture", "kind", "options"), CASES)
def test_an_architecture_as_an_onnx_file(
    architecture: str, kind: str | None, options: Options
) -> None:
    program = image_program(untrained(architecture, kind, options))
    model = onnx_file.model_of(program)
    print(f"{onnx_file.checked_difference(program, model):.1e}")
