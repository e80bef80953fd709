"""Open datasets of torchvision by name, from local files.

Nothing is downloaded: torchvision unpacks archives without checking the paths in them.
"""

from __future__ import annotations

import difflib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import RequestError, require_package

if TYPE_CHECKING:
    from ganzoo_torchvision import TorchvisionOptions

_REFUSED = {
    "it unpacks archives itself: unpack them, and use the dataset image-folder": "ImageNet",
    "its index is a pickle, which could run code": "LSUN LSUNClass",
    "it has 40 attributes per image: use the dataset image-folder": "CelebA",
    "it has captions instead of classes": "CocoCaptions Flickr8k Flickr30k SBU",
    "it has boxes or segmentation maps": "CocoDetection Cityscapes Kitti SBDataset "
    "VOCDetection VOCSegmentation WIDERFace",
    "its images come in pairs": "CREStereo CarlaStereo ETH3DStereo FallingThingsStereo "
    "FlyingChairs FlyingThings3D HD1K InStereo2k Kitti2012Stereo Kitti2015Stereo KittiFlow "
    "LFWPairs Middlebury2014Stereo PhotoTour SceneFlowStereo Sintel SintelStereo",
    "it has videos": "HMDB51 Kinetics MovingMNIST UCF101",
    "it is a base class": "DatasetFolder VisionDataset",
}
"""Why some datasets cannot be used."""

_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError)


def open_collection(options: TorchvisionOptions) -> Any:
    """Open a dataset of torchvision, a sequence of (image, class).

    Raises RequestError if there is no dataset of this name, its files or split do not exist, or it
    needs other arguments, as datasets with other annotations do.
    """
    if options.collection is None:
        raise RequestError(
            "torchvision has many datasets: write dataset.collection=NAME, such as CIFAR10"
        )
    cls = _find(options.collection)
    arguments = _arguments(cls, options)
    try:
        return cls(**arguments)
    except ImportError as error:
        raise RequestError(
            f"torchvision's {cls.__name__} needs {error.name}: pip install {error.name}"
        ) from error
    except _DAMAGE as error:
        raise RequestError(_failure(cls.__name__, error, options.path)) from error


def _find(name: str) -> type[Any]:
    datasets = require_package("torchvision.datasets", "torchvision", "ganzoo-toolkit[torchvision]")
    known = {n for n in datasets.__all__ if isinstance(getattr(datasets, n), type)}
    if name not in known:
        lower = {n.lower(): n for n in known}
        near = [lower[n] for n in difflib.get_close_matches(name.lower(), lower)]
        raise RequestError(
            f"torchvision has no dataset {name!r}"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    for reason, names in _REFUSED.items():
        if name in names.split():
            raise RequestError(f"torchvision's {name} is not supported: {reason}")
    cls: type[Any] = getattr(datasets, name)
    return cls


def _arguments(cls: type[Any], options: TorchvisionOptions) -> dict[str, Any]:
    """The arguments for its constructor, by its signature."""
    parameters = inspect.signature(cls).parameters
    arguments: dict[str, Any] = {}
    if "root" in parameters:
        arguments["root"] = _folder(cls.__name__, options.path)
    if "download" in parameters:
        arguments["download"] = False  # some have True as default
    if options.split is not None:
        arguments |= _split(cls.__name__, list(parameters), options.split)
    missing = [
        parameter.name
        for parameter in parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is not parameter.VAR_KEYWORD
        and parameter.name not in arguments
    ]
    if missing == ["split"]:
        raise RequestError(
            f"torchvision's {cls.__name__} has several splits: write dataset.split=NAME"
        )
    if missing:
        raise RequestError(
            f"torchvision's {cls.__name__} is not supported: it needs {', '.join(missing)}, and "
            "only datasets with one class per image can be used"
        )
    return arguments


def _folder(name: str, path: Path | None) -> Path:
    if path is None:
        raise RequestError(f"torchvision's {name} needs its files: write dataset.path=FOLDER")
    if not path.is_dir():
        raise RequestError(
            f"there is no folder {path}: dataset.path is the folder with the files of {name}"
        )
    return path


def _split(name: str, parameters: list[str], split: str) -> dict[str, Any]:
    if "split" in parameters:
        return {"split": split}
    if "train" not in parameters:
        raise RequestError(f"torchvision's {name} has no splits: remove dataset.split={split}")
    if split not in ("train", "test"):
        raise RequestError(f"torchvision's {name} has the splits train and test, not {split!r}")
    return {"train": split == "train"}


def _failure(name: str, error: Exception, path: Path | None) -> str:
    reason = re.split(r" You \w+ \w+ download", " ".join(str(error).split()))[0].rstrip(".")
    if "argument split" in reason:
        return f"torchvision's {name}: dataset.split: {reason}"
    return (
        f"torchvision cannot read {name} in {path}: {reason}; put the unpacked files there, "
        "arranged as "
        f"https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.{name}.html says; "
        "they are not downloaded"
    )
