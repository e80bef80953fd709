"""The commands of the core, with what a list shows of them: their modules are not imported."""

from __future__ import annotations

from typing import NamedTuple

_TRAIN, _LOOK, _DATA, _PLUGINS = "Train", "Look and measure", "Data", "Plugins"

PANELS = (_TRAIN, _LOOK, _DATA, _PLUGINS)
"""The headings of ``ganzoo --help``, in this order; those of plugins follow."""

GROUPS = {"data": "Inspect, download and pack datasets, and manage the cache folder."}
"""The groups of commands, with their help; all are about data."""


class CoreCommand(NamedTuple):
    """A command: its name, which may have two words, its code, its heading and its summary."""

    name: str
    factory: str
    panel: str
    summary: str
    """The first sentence of its help."""


COMMANDS = [
    CoreCommand(
        *("train", "ganzoo.cli.train:train", _TRAIN),
        "Train a new run: a dataset, an architecture and a loss.",
    ),
    CoreCommand(
        *("sweep", "ganzoo.cli.sweep:sweep", _TRAIN),
        "Train all combinations of lists of values, or search lists and ranges for the best.",
    ),
    CoreCommand(
        *("resume", "ganzoo.cli.resume:resume", _TRAIN),
        "Resume a run from its newest checkpoint; the result is the same as without the stop.",
    ),
    CoreCommand(
        *("bench", "ganzoo.cli.bench:bench", _TRAIN),
        "Measure the speed of training, its parts, and what this machine reaches at most.",
    ),
    CoreCommand(
        *("generate", "ganzoo.cli.generate:generate", _LOOK),
        "Generate images with a run's EMA generator.",
    ),
    CoreCommand(
        *("evaluate", "ganzoo.cli.evaluate:evaluate", _LOOK),
        "Compute metrics of a run's generated images and add them to its `evaluations.jsonl`.",
    ),
    CoreCommand(
        *("neighbors", "ganzoo.cli.neighbors:neighbors", _LOOK),
        "Find the real images that are nearest to generated images, to detect memorization.",
    ),
    CoreCommand(
        *("project", "ganzoo.cli.project:project", _LOOK),
        "Project images into the latent space of a run's EMA generator.",
    ),
    CoreCommand(
        *("directions", "ganzoo.cli.directions:directions", _LOOK),
        "Find directions of a generator's latent space, and show images along them.",
    ),
    CoreCommand(
        *("compare", "ganzoo.cli.compare:compare", _LOOK),
        "Compare runs in a table: settings that differ, speed, losses and metrics.",
    ),
    CoreCommand(
        *("report", "ganzoo.cli.report:report", _LOOK),
        "Write an HTML page about one or more runs: loss curves, samples over time and metrics.",
    ),
    CoreCommand(
        *("animate", "ganzoo.cli.animate:animate", _LOOK),
        "Make a video of a run's sample grids, or of a walk through its latent space.",
    ),
    CoreCommand(
        *("export", "ganzoo.cli.export:export", _LOOK),
        "Export the EMA generator of a run's checkpoint as a file for other programs.",
    ),
    CoreCommand(
        *("poster", "ganzoo.cli.poster:poster", _LOOK),
        "Draw a poster: the best generated images, the training in samples, and numbers.",
    ),
    CoreCommand(
        *("data inspect", "ganzoo.cli.data.inspect:inspect", ""),
        "Report sizes, classes and problems of images, and suggest settings.",
    ),
    CoreCommand(
        *("data pack", "ganzoo.cli.data.pack:pack", ""),
        "Crop and resize a dataset's images and write them into one file or a folder of PNG files.",
    ),
    CoreCommand(
        *("data cache", "ganzoo.cli.data.cache:app", ""),
        "List or delete the files in the cache folder.",
    ),
    CoreCommand(
        *("new", "ganzoo.cli.new:new", _PLUGINS),
        "Write a new plugin: a complete package with one working component, to be changed.",
    ),
    CoreCommand(
        *("list", "ganzoo.cli.components:list_components", _PLUGINS),
        "List all installed components: datasets, architectures, losses and more.",
    ),
    CoreCommand(
        *("info", "ganzoo.cli.components:info", _PLUGINS),
        "Show a component with its options, or a setting with its default and allowed values.",
    ),
    CoreCommand(
        *("plugins", "ganzoo.cli.plugins:plugins", _PLUGINS),
        "List all installed plugins, including those that failed to load or are disabled.",
    ),
    CoreCommand(
        *("install", "ganzoo.cli.install:install", _PLUGINS),
        "Install packages with plugins into the Python environment of ganzoo, and show "
        "what they add.",
    ),
    CoreCommand(
        *("uninstall", "ganzoo.cli.uninstall:uninstall", _PLUGINS),
        "Uninstall packages with plugins, and show which components went with them.",
    ),
]
