"""Write the images of a folder with one subfolder per class into tar files of WebDataset.

    python examples/make_tars.py FOLDER OUT [IMAGES_PER_FILE]

The images are shuffled once, so that each tar file has images of all classes.
"""

from __future__ import annotations

import io
import random
import sys
import tarfile
from pathlib import Path


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file with this content."""
    about = tarfile.TarInfo(name)
    about.size = len(content)
    archive.addfile(about, io.BytesIO(content))


def main() -> None:
    """Write OUT/train-000.tar and so on."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    per_file = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    images = sorted(path for path in folder.glob("*/*") if path.is_file())
    random.Random(0).shuffle(images)  # noqa: S311 - for an order, not for a secret
    out.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(images), per_file):
        with tarfile.open(out / f"train-{start // per_file:03}.tar", "w") as archive:
            for number, path in enumerate(images[start : start + per_file], start):
                add(archive, f"{number:07}{path.suffix}", path.read_bytes())
                add(archive, f"{number:07}.cls", path.parent.name.encode())


if __name__ == "__main__":
    main()
