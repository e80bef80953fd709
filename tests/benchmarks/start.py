"""Compare the CPU time of commands without torch with the imports of their dependencies.

python tests/benchmarks/start.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

GANZOO = str(Path(sys.executable).with_name("ganzoo"))
BARE = ["-c", "import typer, rich, pydantic, pluggy"]
LIGHT = [["--help"], ["list"], ["info", "dcgan"], ["plugins"], ["train", "--help"]]


def seconds(*arguments: str) -> float:
    """The CPU seconds of a process, which depend little on what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(arguments, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


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
