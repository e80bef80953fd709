"""Import a module in a new process, and print how long that takes and what imports torch."""

from __future__ import annotations

import importlib
import json
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import ganzoo.registry  # noqa: F401 - every command has imported it before any plugin


class _TorchImports:
    """A finder that finds nothing; it notes the line of a package that imports torch."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.place = ""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        frame = sys._getframe() if name == "torch" and not self.place else None
        while frame is not None:
            if str(frame.f_globals.get("__name__")).partition(".")[0] == self._package:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                break
            frame = frame.f_back
        return None


def _main(module: str) -> None:
    finder = _TorchImports(module.partition(".")[0])
    sys.meta_path.insert(0, finder)
    start = time.process_time()
    importlib.import_module(module)
    seconds = time.process_time() - start
    place = finder.place or ("elsewhere" if "torch" in sys.modules else "")
    print(json.dumps({"seconds": seconds, "torch": place}))


if __name__ == "__main__":
    _main(sys.argv[1])
