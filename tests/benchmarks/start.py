"""Compare the time of commands without torch with the imports of their dependencies.

python tests/benchmarks/start.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

GANZOO = str(Path(sys.executable).with_name("ganzoo"))
BARE = ["-c", "import typer, rich, pydantic, pluggy"]
LIGHT = [["--help"], ["list"], ["info", "dcgan"], ["plugins"]]


def seconds(*arguments: str) -> float:
    """The seconds of a process."""
    start = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print each command's median time and the median ratio to the imports alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for command in LIGHT:
        pairs = [
            (seconds(GANZOO, *command), seconds(sys.executable, *BARE)) for _ in range(rounds + 1)
        ]
        pairs = pairs[1:]  # the first compiles
        ratio = statistics.median(ours / bare for ours, bare in pairs)
        ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(f"ganzoo {' '.join(command)}: {ours:.2f} s, {ratio:.2f} times {bare:.2f} s")


if __name__ == "__main__":
    main()
