"""Write plugin-directory.md from plugin-directory.toml: ``python docs/plugin_directory.py``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ganzoo.registry import KINDS

FILE = Path(__file__).with_name("plugin-directory.toml")
OWN = "ganzoo-toolkit"
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"

HEAD = """\
# Plugin directory

Plugins that are not part of ganzoo. `ganzoo install PACKAGE` installs one and shows its
components. A plugin runs code of its author with your rights, as every Python package does: look at
its source first.

<!-- Generated from plugin-directory.toml by `python docs/plugin_directory.py`. -->

| plugin | package | what it adds | kinds | license | needs ganzoo |
|---|---|---|---|---|---|
"""

FOOT = """
A folder is a worked example in the source of ganzoo: `ganzoo install ./FOLDER` installs it.

## Add a plugin

Write it as [Writing a plugin](writing-a-plugin.md) says. It belongs here if

- `ganzoo install PACKAGE` works in a new environment, and `ganzoo plugins` has no remark on it;
- its tests call `ganzoo.testing.check_plugin`, and pass;
- its license lets others use it, and its README says which paper it follows and what was measured.

Then send a change of one file, `docs/plugin-directory.toml`: an entry at its place in the alphabet.

```toml
{entry}
```

`python docs/plugin_directory.py` checks the file and writes this page.
"""


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of component: {', '.join(KINDS)}")
    return kind


class Listed(BaseModel):
    """One plugin of the directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    package: str = Field(pattern=NAME)
    summary: str = Field(pattern=r"^[A-Z][^|\n]{10,150}\.$")
    kinds: list[Annotated[str, AfterValidator(_known_kind)]] = Field(min_length=1)
    link: str = Field(pattern=r"^(https://|examples/)\S+$")
    license: str = Field(pattern=r"^[\w.+() -]+$")
    ganzoo: str = Field(pattern=r"^(>=|==|~=)\d[\d.]*(,<\d[\d.]*)?$")

    def row(self) -> str:
        """The line of the table; a folder of the source has no address to link to."""
        is_folder = self.link.startswith("examples/")
        shown = f"{self.name}: `{self.link}`" if is_folder else f"[{self.name}]({self.link})"
        cells = (shown, f"`{self.package}`", self.summary, ", ".join(self.kinds))
        return f"| {' | '.join((*cells, self.license, f'`{self.ganzoo}`'))} |\n"


def listed(text: str) -> list[Listed]:
    """The entries of the file; raises ValueError for a wrong, repeated or misplaced one."""
    (key, entries), *others = tomllib.loads(text).items()
    if key != "plugin" or others:
        raise ValueError("every entry begins with [[plugin]]")
    plugins = [Listed.model_validate(entry) for entry in entries]
    _require_order([plugin.name for plugin in plugins])
    _require_order(sorted(plugin.package for plugin in plugins))
    bundled = {p.name for p in entry_points(group="ganzoo") if p.dist and p.dist.name == OWN}
    for plugin in plugins:
        if plugin.name in bundled:
            raise ValueError(f"{plugin.name}: a bundled plugin has this name")
    return plugins


def _require_order(names: Sequence[str]) -> None:
    for first, second in pairwise(names):
        if first >= second:
            problem = "is there twice" if first == second else f"belongs before {first}"
            raise ValueError(f"{second} {problem}")


def page() -> str:
    """The text of the page, made from the file."""
    text = FILE.read_text("utf-8")
    rows = "".join(plugin.row() for plugin in listed(text))
    return HEAD + rows + FOOT.format(entry=_example(text))


def _example(text: str) -> str:
    """The entry in the comment at the head of the file."""
    lines = text.partition("\n\n")[0].splitlines(keepends=True)
    return "".join(line.removeprefix("# ") for line in lines[lines.index("# [[plugin]]\n") :])


if __name__ == "__main__":
    FILE.with_suffix(".md").write_text(page(), encoding="utf-8")
