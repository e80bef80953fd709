"""Files of weights, verified by their SHA-256 before they are loaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import RequestError, cache_folder, download
from ganzoo_features import InceptionOptions

INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
_SIZE = 95_628_359
_NAMES = ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth")
_URLS = (
    f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{_NAMES[0]}",
    f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{_NAMES[1]}",
)
_VARIABLE = "GANZOO_INCEPTION"


def find_inception(options: InceptionOptions) -> Path:
    """The file of Inception's weights: the one in the options, or the first that exists.

    Raises RequestError with the file's names and the searched places if there is none.
    """
    named = options.weights
    if not named and (variable := os.environ.get(_VARIABLE)):
        named = InceptionOptions.model_validate({"weights": variable}).weights  # with ~ replaced
    folder = cache_folder() / "inception"
    hub = Path(torch.hub.get_dir()) / "checkpoints"
    places = [named] if named else [f / name for f in (hub, folder) for name in _NAMES]
    for place in places:
        if place.is_file():
            return place
    if options.download and not named:
        return download(_NAMES[0], _URLS, INCEPTION_SHA256, _SIZE, folder)
    raise RequestError(
        f"inception needs the weights {' or '.join(_NAMES)} ({_SIZE:,} bytes, sha256 "
        f"{INCEPTION_SHA256}), which are not at {', '.join(map(str, places))}: set the file by "
        f"the option weights or by {_VARIABLE}, or write download=true"
    )


def load_verified(file: str | Path, sha256: str) -> dict[str, Tensor]:
    """The tensors of a file with this ``sha256``, on the CPU; code in the file is not run.

    Raises RequestError if the file has another SHA-256 or cannot be read.
    """
    try:
        with Path(file).open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise RequestError(f"cannot read the weights {file}: {error.strerror}") from error
    if found != sha256:
        raise RequestError(
            f"the weights {file} have the sha256 {found}, not {sha256}: download them again"
        )
    tensors: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return tensors
