"""The collections of torchvision, opened by name from files that are there already.

Nothing is downloaded: torchvision unpacks what it fetches without a look at where that leads.
"""

from __future__ import annotations

import difflib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchvision import datasets

from ganzoo import RequestError

if TYPE_CHECKING:
    from ganzoo_torchvision import TorchvisionOptions

_REFUSED = {
    "it unpacks archives on its own: unpack them, and use the dataset image-folder": "ImageNet",
    "it keeps its index as a pickle, which could run code": "LSUN LSUNClass",
    "it has 40 attributes for each image: use the dataset image-folder": "CelebA",
    "it has captions": "CocoCaptions Flickr8k Flickr30k SBU",
    "it has boxes or maps": "CocoDetection Cityscapes Kitti SBDataset VOCDetection VOCSegmentation "
    "WIDERFace",
    "its images come in pairs": "CREStereo CarlaStereo ETH3DStereo FallingThingsStereo "
    "FlyingChairs FlyingThings3D HD1K InStereo2k Kitti2012Stereo Kitti2015Stereo KittiFlow "
    "LFWPairs Middlebury2014Stereo PhotoTour SceneFlowStereo Sintel SintelStereo",
    "it is of films": "HMDB51 Kinetics MovingMNIST UCF101",
    "it is the form of others": "DatasetFolder VisionDataset",
}
"""Why some collections cannot be trained on."""

_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError)


def open_collection(options: TorchvisionOptions) -> Any:
    """The collection that is asked for: it has ``len``, and its items are (image, class).

    Raises RequestError if there is none of this name, its files or its split are not there, or it
    needs more than both, as collections with other items do.
    """
    if options.collection is None:
        raise RequestError(
            "torchvision has many collections: write dataset.collection=NAME, such as CIFAR10"
        )
    kind = _find(options.collection)
    arguments = _arguments(kind, options)
    try:
        return kind(**arguments)
    except ImportError as error:
        raise RequestError(
            f"torchvision's {kind.__name__} needs {error.name}: pip install {error.name}"
        ) from error
    except _DAMAGE as error:
        raise RequestError(_failure(kind.__name__, error, options.path)) from error


def _find(name: str) -> type[Any]:
    known = {n for n in datasets.__all__ if isinstance(getattr(datasets, n), type)}
    if name not in known:
        lower = {n.lower(): n for n in known}
        near = [lower[n] for n in difflib.get_close_matches(name.lower(), lower)]
        raise RequestError(
            f"torchvision has no collection {name!r}"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    for reason, names in _REFUSED.items():
        if name in names.split():
            raise RequestError(f"torchvision's {name} is not used: {reason}")
    kind: type[Any] = getattr(datasets, name)
    return kind


def _arguments(kind: type[Any], options: TorchvisionOptions) -> dict[str, Any]:
    """What its constructor is to be called with, by its signature."""
    parameters = inspect.signature(kind).parameters
    arguments: dict[str, Any] = {}
    if "root" in parameters:
        arguments["root"] = _folder(kind.__name__, options.path)
    if "download" in parameters:
        arguments["download"] = False  # it is True by default for some
    if options.split is not None:
        arguments |= _split(kind.__name__, list(parameters), options.split)
    missing = [
        parameter.name
        for parameter in parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is not parameter.VAR_KEYWORD
        and parameter.name not in arguments
    ]
    if missing == ["split"]:
        raise RequestError(
            f"torchvision's {kind.__name__} has many parts: write dataset.split=NAME"
        )
    if missing:
        raise RequestError(
            f"torchvision's {kind.__name__} is not used: it needs {', '.join(missing)}, and only "
            "collections with one class for each image can be trained on"
        )
    return arguments


def _folder(name: str, path: Path | None) -> Path:
    if path is None:
        raise RequestError(f"torchvision's {name} needs its files: write dataset.path=FOLDER")
    if not path.is_dir():
        raise RequestError(f"there is no folder {path}: dataset.path holds the files of {name}")
    return path


def _split(name: str, parameters: list[str], split: str) -> dict[str, Any]:
    if "split" in parameters:
        return {"split": split}
    if "train" not in parameters:
        raise RequestError(f"torchvision's {name} is in one part: leave out dataset.split={split}")
    if split not in ("train", "test"):
        raise RequestError(f"torchvision's {name} has the splits train and test, not {split!r}")
    return {"train": split == "train"}


def _failure(name: str, error: Exception, path: Path | None) -> str:
    reason = re.split(r" You \w+ \w+ download", " ".join(str(error).split()))[0].rstrip(".")
    if "argument split" in reason:
        return f"torchvision's {name}: dataset.split: {reason}"
    return (
        f"torchvision cannot read {name} in {path}: {reason}; put its files there, unpacked and "
        "laid out as "
        f"https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.{name}.html says, "
        "since nothing is downloaded"
    )
