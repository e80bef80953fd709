"""Write the page: one HTML file with the networks, what runs them, and all scripts."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ganzoo
from ganzoo.contracts import MappingGenerator
from ganzoo.errors import RequestError
from ganzoo.export import onnx_file
from ganzoo.export.card import Card
from ganzoo.export.program import image_program, mapping_program, synthesis_program
from ganzoo.export.web import runtime
from ganzoo.export.web.contents import STORED, contents, facts
from ganzoo.folders import write_atomically
from ganzoo.output.directions.finding import by_method
from ganzoo.output.directions.moved import require_fit
from ganzoo.output.directions.saved import Directions
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.size import size

_FOLDER = Path(__file__).parent / "browser"
_POINTS = 1024
"""Random points from which the directions are found."""
_METHODS = {
    "weights": "the singular vectors of the first layers' weights (Shen & Zhou 2021)",
    "pca": "the principal components of intermediate latents (Härkönen et al. 2020)",
    "gradients": "those along which the image changes most",
    "regression": "those along which a number of the image rises",
}
"""What the page says about directions, by the method that found them."""
LARGEST = 400_000_000
"""The largest size of a page in bytes; browsers have texts of at most about 536,000,000."""


def write(
    trained: TrainedGenerator, card: Card, path: Path, *, directions: Path | None = None
) -> dict[str, float]:
    """Write the page to ``path``, or to index.html in the folder ``path``.

    A path that ends in .html is a file. ``directions`` is a file of ``Directions``; by default the
    page has those of ``by_method``. Returns the largest difference of its networks
    from those of torch.

    Raises RequestError if the generator cannot be exported or is too large, if the directions do
    not fit it, or without a package, and OSError if the file cannot be written.
    """
    onnx_file.require_packages("the format web")
    found = _directions(trained, directions)
    models, difference = _models(trained)
    html = _html(trained, card, found, models).encode()
    if len(html) > LARGEST:
        raise RequestError(
            f"the page would have {len(html) / 1e6:,.0f} MB, more than the {LARGEST / 1e6:,.0f} MB "
            "that browsers open: export the generator with --to onnx"
        )
    file = path if path.suffix.lower() == ".html" else path / "index.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, html)
    return {"largest difference from torch": difference}


def _html(
    trained: TrainedGenerator,
    card: Card,
    directions: Directions,
    models: Mapping[str, bytes],
) -> str:
    shape = trained.image_shape
    page = _environment().get_template("page.html")
    binaries = {"runtime-script": runtime.script(), "runtime-wasm": runtime.wasm(), **models}
    return page.render(
        title=trained.heading,
        summary=f"Generated images of {size(shape.width, shape.height)} pixels",
        width=shape.width,
        height=shape.height,
        ratio=f"{shape.width / shape.height:g}",
        description=card.description,
        facts=list(facts(trained, card)),
        stored=STORED,
        version=ganzoo.__version__,
        runtime_version=runtime.VERSION,
        runtime_license=runtime.license_text(),
        style=_source("page.css"),
        worker=_source("worker.js"),
        import_map=_import_map(),
        method=_METHODS.get(directions.notes.get("method", ""), ""),
        contents=_json(contents(trained, directions)),
        binaries={name: base64.b64encode(each).decode() for name, each in binaries.items()},
    )


def _import_map() -> str:
    """The modules of the page by name: a file that is opened from a disk cannot load others."""
    modules = [file for file in sorted(_FOLDER.glob("*.js")) if file.stem != "worker"]
    urls = {f"page/{file.stem}": _url(file.read_bytes()) for file in modules}
    return _json({"imports": urls})


def _url(script: bytes) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(script).decode()}"


def _source(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _json(value: object) -> str:
    """A value as JSON inside of a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")  # so it ends no element


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _models(trained: TrainedGenerator) -> tuple[dict[str, bytes], float]:
    """The networks by their names in the page, as compressed ONNX files; the largest difference."""
    if isinstance(trained.generator, MappingGenerator):
        programs = {"map": mapping_program(trained), "images": synthesis_program(trained)}
    else:
        programs = {"images": image_program(trained)}
    models, differences = {}, []
    for name, program in programs.items():
        model = onnx_file.model_of(program)
        differences.append(onnx_file.checked_difference(program, model))
        models[name] = gzip.compress(model, 9, mtime=0)
    return models, max(differences)


def _directions(trained: TrainedGenerator, path: Path | None) -> Directions:
    """The directions in the file, or those that change images most."""
    if path is None:
        return by_method(trained, images=_POINTS)
    directions = Directions.read(path)
    require_fit(trained, directions)
    return directions
