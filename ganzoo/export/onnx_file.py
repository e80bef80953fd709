"""Exports in the format ONNX, which many programs and browsers run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import RequestError
from ganzoo.export.card import Card
from ganzoo.export.program import Program, image_program, require_same
from ganzoo.extras import require_package
from ganzoo.folders import write_atomically
from ganzoo.output.trained_generator import TrainedGenerator

OPSET = 18
"""The version of ONNX's operators: the one that torch writes, run by ONNX Runtime from 1.14 on."""
TOLERANCE, FLOAT16_TOLERANCE = 1e-4, 2e-2
"""The largest difference from torch that is allowed, in images of -1 to 1."""
_LARGEST = 2**31 - 1
"""The largest size of a file of ONNX with its weights, in bytes."""
_EXTRA = "ganzoo-toolkit[export]"


def write(
    trained: TrainedGenerator, card: Card, path: Path, *, float16: bool = False
) -> dict[str, float]:
    """Write the generator with its card, and return its largest difference from torch.

    Inputs are ``latents``, float32 (N, ...), and, if the generator is conditional, ``condition``;
    the output is ``images``, float32 (N, C, H, W) in [-1, 1]. N is any number. With ``float16``,
    the weights are stored with half of their digits, and the file has half the size. The card is
    a property of the model: JSON of the name ``card``.

    Raises RequestError if the generator cannot be exported, if the file differs from torch too
    much, or without a package; and OSError if the file cannot be written.
    """
    program = image_program(trained)
    model = model_of(program, float16=float16, properties={"card": card.to_json()})
    difference = checked_difference(program, model, float16=float16)
    write_atomically(path, model)
    return {"largest difference from torch": difference}


def require_packages(user: str) -> None:
    """Raise RequestError if a package is not installed that files of ONNX need.

    ``user`` is what needs them, such as ``"the format onnx"``.
    """
    for package in ("onnx", "onnxscript", "onnxruntime"):
        require_package(package, user, _EXTRA)


def model_of(
    program: Program, *, float16: bool = False, properties: Mapping[str, str] | None = None
) -> bytes:
    """A program as the content of a file of ONNX, with texts by name; nothing is checked.

    Raises RequestError if the program cannot be exported, or without a package.
    """
    require_packages("the format onnx")
    exported = program.export()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of onnxscript, none of which a user can act on
            made = torch.onnx.export(
                exported,
                input_names=list(program.examples),
                output_names=[program.output],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise RequestError(f"the generator has an operation that ONNX lacks: {reason}") from error
    assert made is not None
    model: Any = made.model_proto
    _simplify(model)
    if float16:
        _store_float16(model)
    for name, text in (properties or {}).items():
        model.metadata_props.add(key=name, value=text)
    if model.ByteSize() > _LARGEST:
        raise RequestError("the generator has more than 2 GiB, the most of a file of ONNX")
    content: bytes = model.SerializeToString()
    return content


def checked_difference(program: Program, model: bytes, *, float16: bool = False) -> float:
    """The largest difference of a model in ONNX Runtime from the program's module.

    Raises RequestError if it is too large, or without ONNX Runtime.
    """
    runtime = require_package("onnxruntime", "the format onnx", _EXTRA)
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(inputs: dict[str, Tensor]) -> Tensor:
        arrays = {name: rows.numpy() for name, rows in inputs.items()}
        return torch.from_numpy(session.run([program.output], arrays)[0])

    limit = FLOAT16_TOLERANCE if float16 else TOLERANCE
    return require_same(program.largest_difference(run), limit, "ONNX Runtime")


def _simplify(model: Any) -> None:
    """Name the batch, and remove what the exporter noted about each node and value."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    model.graph.ClearField("value_info")
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.functions):
        part.ClearField("metadata_props")
    model.graph.ClearField("metadata_props")


def _store_float16(model: Any) -> None:
    """Store float32 weights as float16, and convert them to float32 when they are used."""
    onnx = require_package("onnx", "the format onnx", _EXTRA)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT:
            name = weight.name
            numbers = onnx.numpy_helper.to_array(weight).astype("float16")
            weight.CopyFrom(onnx.numpy_helper.from_array(numbers, f"{name}.float16"))
            casts.append(
                onnx.helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT)
            )
    nodes = list(graph.node)
    graph.ClearField("node")
    graph.node.extend([*casts, *nodes])
