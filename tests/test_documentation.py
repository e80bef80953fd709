from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganzoo.cli import app
from ganzoo.errors import RequestError
from ganzoo.flags import ADDING, FLAGS
from ganzoo.registry import KINDS, Registry
from ganzoo.run import Run
from ganzoo.settings import NAMED_SECTIONS, Settings
from tests.example_packages import PACKAGES, install

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "plugins/README.md")),
    *(package / "README.md" for package in PACKAGES),
    ROOT / "examples" / "leaderboard" / "README.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts),
]
RUN = {ROOT / "docs" / "quickstart.md", *(ROOT / "docs" / "tutorials").glob("*.md")}
"""The pages whose console blocks tests/test_output.py runs."""
SECTIONS = (
    "dataset|architecture|loss|augment|regularize|data|train|growth|checkpoint|sample|log|"
    "evaluate|metrics|extractor|observe"
)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def title(page: object) -> str:
    return page.relative_to(ROOT).as_posix() if isinstance(page, Path) else str(page)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every ganzoo command in inline code and in console blocks not run."""
    prose = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    shown = [] if page in RUN else blocks(page, "console")
    lines = [line for block in shown for line in block.splitlines()]
    for line in [*lines, *re.findall(r"`(ganzoo [^`]+)`", prose)]:
        for command in re.split("&&", line):
            words = shlex.split(command, comments=True)
            words = words[: words.index(">")] if ">" in words else words  # what the shell reads
            if "ganzoo" in words:
                yield words[words.index("ganzoo") + 1 :]


def all_commands() -> list[list[str]]:
    # The design page also names planned commands.
    pages = [page for page in PAGES if page.name != "design.md"]
    found = [tuple(command) for page in pages for command in commands(page)]
    lines = text(ROOT / "examples" / "slurm.sbatch").replace("$RUN", "job").splitlines()
    found += [tuple(shlex.split(line)[1:-1]) for line in lines if line.startswith("    ganzoo ")]
    return [list(command) for command in dict.fromkeys(found)]


def example_path(word: str) -> str:
    """The path of an example file that the documentation names without its folder."""
    if word.endswith((".py", ".toml")):
        for folder in (ROOT, ROOT / "examples", ROOT / "examples" / "one_file"):
            if (folder / word).is_file():
                return str(folder / word)
    return word


@pytest.fixture(scope="module")
def examples_installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the example packages appear installed."""
    with pytest.MonkeyPatch.context() as patch:
        for folder in install(tmp_path_factory.mktemp("site")):
            patch.syspath_prepend(folder)
        yield


@pytest.mark.usefixtures("examples_installed")
@pytest.mark.parametrize("command", all_commands(), ids=shlex.join)
def test_commands_in_the_documentation_work(command: list[str]) -> None:
    words = [example_path(word) for word in command]
    placeholders = [word for word in command if re.search(r"\b[A-Z]{3,}|\.\.\.", word)]
    placeholders += [word for word in command if word in ("--budget", "./images", "plan.toml")]
    needs_more = placeholders or command in ([], ["train"], ["info"])
    if needs_more or words[0] not in ("train", "list", "info", "plugins"):  # others need a run
        words.append("--help")  # fails if an option is unknown
    elif words[0] == "train" and "--dry-run" not in words:
        words.append("--dry-run")
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def known_settings(examples_installed: None) -> set[str]:
    """All settings that the tables name, and those of the example packages."""
    tables = [ROOT / "docs" / "settings.md", *(ROOT / "docs" / "zoo").glob("*.md")]
    rows = "".join(text(table) for table in tables)
    known = set(re.findall(r"^\| `([\w.-]+)`", rows, re.MULTILINE))
    examples = {package.name.removeprefix("ganzoo_") for package in PACKAGES}
    named = {kind: section for section, kind in NAMED_SECTIONS.items()}
    for entry in Registry.discover().entries():
        kind, name = entry.component.kind, entry.component.name
        if kind == "observer":
            known.add(f"observe.{name}")
        if entry.plugin.name in examples:
            section = f"{named[kind]}.{name}" if kind in named else kind
            options = entry.component.options.model_fields
            known |= {section, *(f"{section}.{key}" for key in options)}
    return known


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_settings_in_the_documentation_exist(page: Path, known_settings: set[str]) -> None:
    # An option of the loss that the page on a plugin makes.
    known = known_settings | ({"loss.weight"} if page.name == "a-plugin.md" else set())
    for key in re.findall(rf"(?<![\w./-])(?:{SECTIONS})\.(?!json)[a-z][\w.-]*\w", text(page)):
        key = re.sub(r"\.\d+$", "", key)  # a key of a table, such as growth.lr_factor.128
        key = re.sub(r"^train\.others\.[a-z]+", "train.others.NAME", key)  # a network
        key = key.replace("observe.tracker", "observe.wandb")  # a label, as in observe.LABEL=NAME
        exists = key in known or any(k.startswith(f"{key}.") for k in known)
        assert exists, f"{title(page)} names {key}, and there is no such setting"


def settings_of_other_programs() -> list[str]:
    """The settings and flags in the second column of the tables of docs/coming-from.md."""
    rows = re.findall(r"^\|.*\| (.*) \|$", text(ROOT / "docs" / "coming-from.md"), re.MULTILINE)
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row)]
    found = [span for span in spans if re.match(r"--.* |[a-z_.]+=", span)]
    # These name no setting of a run, and the last is a list of a sweep.
    others = (
        "--checkpoint ",
        "--run-dir ",
        "--init-from RUN",
        "--recipe NAME",
        "architecture.head=conv,",
    )
    return [span for span in dict.fromkeys(found) if not span.startswith(others)]


def resolves(span: str, components: dict[str, str], registry: Registry) -> bool:
    """Whether a run with these components accepts settings and flags."""
    settings = Settings()
    for kind, name in components.items():
        settings.set(kind, name, "test")
    words = shlex.split(span)
    while words:
        word = words.pop(0)
        flag = word.removeprefix("--").replace("-", "_")
        if not word.startswith("--"):
            settings.override([word])
        elif flag in ADDING:
            settings.include(flag, words.pop(0), "test")
        elif flag == "recipe":
            registry.find("recipe", words.pop(0))
        else:
            settings.set(FLAGS[flag].key, FLAGS[flag].type(words.pop(0)), "test")
    for section, name in re.findall(r"(augment|regularize)\.([\w-]+)\.", span):
        settings.include(section, name, "test")
    try:
        Run.resolve(settings, registry)
    except RequestError:
        return False
    return True


def test_settings_beside_those_of_other_programs_are_accepted() -> None:
    registry = Registry.discover()
    names = {"dataset": "image-folder", "architecture": "dcgan", "loss": "hinge"}
    for span in settings_of_other_programs():
        others = [
            {**names, kind: entry.component.name}
            for kind in names
            for entry in registry.entries(kind)
            if f"{kind}." in span
        ]
        assert any(resolves(span, each, registry) for each in [names, *others]), span


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_relative_links_point_to_existing_files(page: Path) -> None:
    pattern = re.compile(r"\]\((?!https?://|#)([^)#]+)|^```\{literalinclude\} (\S+)", re.MULTILINE)
    for found in pattern.finditer(text(page)):
        link = found[1] or found[2]
        assert (page.parent / link).exists(), link


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MyST and GitHub make them."""
    prose = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,4} (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_to_a_section_name_a_heading(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text(page)):
        assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"


def test_environment_variables_are_used_in_the_code() -> None:
    folders = (ROOT / "ganzoo", ROOT / "plugins")
    sources = "".join(text(source) for folder in folders for source in folder.rglob("*.py"))
    for page in PAGES:
        for variable in re.findall(r"GANZOO_[A-Z_]+", text(page)):
            assert variable in sources, f"{title(page)} names {variable}, which nothing reads"


def test_the_hooks_page_has_a_heading_with_the_signature_of_each_hook() -> None:
    headings = re.findall(r"^## `(.+)`$", text(ROOT / "docs" / "hooks.md"), re.MULTILINE)
    tree = ast.parse(text(ROOT / "ganzoo" / "hookspecs.py"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    signatures = {f.name: f"{f.name}({ast.unparse(f.args)})" for f in functions}
    assert list(signatures) == list(KINDS.values())
    returns = {f.name: ast.unparse(f.returns) for f in functions if f.returns}
    assert headings == [f"{signatures[name]} -> {returns[name]}" for name in signatures]


def test_the_design_page_names_every_module_and_plugin() -> None:
    page = text(ROOT / "docs" / "design.md").split("## Modules")[1].split("\n## ")[0]
    core, plugins = page.split("\n    plugins/ ")
    found = {path.stem for path in (ROOT / "ganzoo").iterdir() if path.suffix in ("", ".py")}
    named = set(re.findall(r"^      (\w+)(?:\.py|/) ", core, re.MULTILINE))
    assert named == found - {"__pycache__"}
    folders = {path.name for path in (ROOT / "plugins").glob("ganzoo_*")}
    assert set(re.findall(r"\b(ganzoo_\w+)/", plugins)) == folders


@pytest.mark.parametrize("name", ["cases.md", "promises.md"])
def test_named_tests_exist(name: str) -> None:
    page = ROOT / "docs" / name
    found = re.findall(r"`(tests/[\w/.-]+)?::(\w+)`", text(page))
    assert len(found) == text(page).count("::")
    file = ""
    for new_file, test in found:
        file = new_file or file
        assert (ROOT / file).is_file(), f"{title(page)} names {file}, and there is no such file"
        there = re.search(rf"^def {test}\(", text(ROOT / file), re.MULTILINE)
        assert there, f"{title(page)} names {file}::{test}, and there is no such test"


def test_the_readme_has_the_start_command_and_the_test_command() -> None:
    shown = blocks(ROOT / "README.md", "console")
    assert shown[0] == "pip install . && ganzoo train --recipe fast\n"
    for line in ("ganzoo train flowers dcgan wgan-gp ", "ganzoo list "):
        assert f"\n{line}" in shown[1]
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    marker = re.search(r"^marker='(.+)'$", text(script), re.MULTILINE)
    assert marker
    assert f"\n{marker[1]}\n```console\npip install nox && nox\n```\n" in text(ROOT / "README.md")


def test_the_code_blocks_of_the_python_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks(ROOT / "docs" / "python.md", "python"):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert names["images"].shape == (2, 3, 16, 16)
    assert (tmp_path / "runs" / "report.html").is_file()


def test_the_plugin_of_the_readme_loads(tmp_path: Path) -> None:
    (code,) = [block for block in blocks(ROOT / "README.md", "python") if "hookimpl" in block]
    file = tmp_path / "gan_of_the_readme.py"
    file.write_text(code, encoding="utf-8")
    registry = Registry.discover(files=[file])
    assert not registry.failures
    assert registry.find("loss", "gan-of-the-readme/boundary-seeking").component.summary
