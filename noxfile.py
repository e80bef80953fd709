"""The checks of the project: ``nox`` tests, lints and type-checks it; ``nox -l`` lists the rest."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["tests", "lint", "types"]

PROJECT = nox.project.load_toml("pyproject.toml")
PAGE_SCRIPTS = ("zoo", "commands", "plugin_directory", "gallery", "output")


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Make the environment that tests, lint and types share: torch is too large for three."""
    tools = nox.project.dependency_groups(PROJECT, "tests", "lint", "types")
    session.install("-e", ".", *tools)


@nox.session(requires=["environment"], venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the tests on all cores; arguments after -- go to pytest."""
    run_shared(session, "pytest", "--numprocesses=auto", *session.posargs)


@nox.session(requires=["environment"], venv_backend="none", default=False)
def examples(session: nox.Session) -> None:
    """Install each package of examples/ beside the shared environment, and run its tests there."""
    folder = Path(session.create_tmp())
    packages = [str(file.parent) for file in sorted(Path("examples").glob("*/pyproject.toml"))]
    install = ("-m", "pip", "install", "--no-deps", "--upgrade", "--target", str(folder))
    run_shared(session, "python", *install, *session.posargs, *packages)
    # Nothing is imported from the source: the tests of a package are outside of it.
    tests = [f"{package}/tests" for package in packages]
    options = ("-p", "no:cacheprovider", "--import-mode=importlib")
    run_shared(session, "pytest", *options, *tests, env={"PYTHONPATH": str(folder)})


@nox.session(requires=["environment"], venv_backend="none", default=False)
def torture(session: nox.Session) -> None:
    """Kill runs and break inputs by the thousand; -- --kills 20 --inputs 500 does less."""
    run_shared(session, "python", "-m", "tests.torture", *session.posargs)


@nox.session(requires=["environment"], venv_backend="none", default=False)
def processes(session: nox.Session) -> None:
    """Train with up to four processes on two "machines"; kill, stop and restart them."""
    tests = ("tests/training/many_processes.py", "tests/sweeps/many_workers.py")
    run_shared(session, "pytest", *tests, *session.posargs)


@nox.session(requires=["environment"], venv_backend="none", default=False)
def new(session: nox.Session) -> None:
    """Install new plugins of all kinds in a fresh environment, train with them, run their tests."""
    run_shared(session, "pytest", "tests/new_plugin/fresh_environment.py", *session.posargs)


@nox.session(requires=["environment"], venv_backend="none", default=False)
def exports(session: nox.Session) -> None:
    """Write each architecture with each kind of condition as an ONNX file, and compare images."""
    run_shared(session, "pytest", "tests/export/every_architecture.py", *session.posargs)


@nox.session(requires=["environment"], venv_backend="none", default=False)
def doctor(session: nox.Session) -> None:
    """Train runs that fail in known ways and healthy ones; ask `ganzoo doctor` about each."""
    run_shared(session, "pytest", "-s", "tests/doctor/provoked.py", *session.posargs)


@nox.session(requires=["environment"], venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    run_shared(session, "ruff", "check", ".")
    run_shared(session, "ruff", "format", "--check", ".")


@nox.session(requires=["environment"], venv_backend="none")
def types(session: nox.Session) -> None:
    """Check types."""
    run_shared(session, "mypy")


@nox.session(default=False, requires=["environment"], venv_backend="none")
def remote(session: nox.Session) -> None:
    """Read from an object store on this machine, moto's server, beside the shared environment."""
    folder = Path(session.create_tmp())
    store = nox.project.dependency_groups(PROJECT, "remote")
    # Together, because s3fs needs certain versions of what moto needs, too.
    packages = [*store, *PROJECT["project"]["optional-dependencies"]["remote"]]
    run_shared(session, "python", "-m", "pip", "install", "-t", str(folder), *packages)
    run_shared(session, "pytest", "tests/remote", env={"PYTHONPATH": str(folder)})


@nox.session(default=False, requires=["environment"], venv_backend="none")
def parity(session: nox.Session) -> None:
    """Compare metrics and Inception's graph with torch-fidelity, beside the shared environment."""
    folder = Path(session.create_tmp())
    oracle = nox.project.dependency_groups(PROJECT, "parity")
    run_shared(session, "python", "-m", "pip", "install", "--no-deps", "-t", str(folder), *oracle)
    chosen = ("-k", "torch_fidelity", "tests/plugins")
    run_shared(session, "pytest", *chosen, env={"PYTHONPATH": str(folder)})


@nox.session(default=False, requires=["environment"], venv_backend="none")
def trackers(session: nox.Session) -> None:
    """Log runs to Weights & Biases and Trackio, offline, beside the shared environment."""
    folder = Path(session.create_tmp())
    extras = PROJECT["project"]["optional-dependencies"]
    libraries = [*extras["wandb"], *extras["trackio"]]
    run_shared(session, "python", "-m", "pip", "install", "-t", str(folder), *libraries)
    tests = "tests/plugins/test_tracker.py"
    run_shared(session, "pytest", "-rs", tests, env={"PYTHONPATH": str(folder)})


@nox.session(requires=["environment"], venv_backend="none", default=False)
def browser(session: nox.Session) -> None:
    """Open exported pages in a headless Chromium, if one is installed."""
    run_shared(session, "pytest", "-rs", "tests/export/web/in_browser.py", *session.posargs)


@nox.session(default=False)
def notebook(session: nox.Session) -> None:
    """Run the notebook of the examples in a kernel of Jupyter."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "tests", "notebook"))
    session.run("pytest", "tests/test_notebook.py")


@nox.session(default=False, requires=["environment"], venv_backend="none")
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build, in the shared environment: it imports the public names."""
    tools = nox.project.dependency_groups(PROJECT, "docs")
    run_shared(session, "python", "-m", "pip", "install", "--quiet", *tools)
    run_shared(session, "sphinx-build", "-W", "--keep-going", "docs", "docs/_build")


@nox.session(default=False, requires=["environment"], venv_backend="none")
def pages(session: nox.Session) -> None:
    """Write the generated pages of docs/ again; names after -- choose scripts, as in -- zoo."""
    for script in session.posargs or PAGE_SCRIPTS:
        run_shared(session, "python", f"docs/{script}.py")


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel, look into it, install it alone, and ask it for every bundled plugin."""
    folder = Path(session.create_tmp())
    for old in folder.glob("*.whl"):
        old.unlink()
    session.run("python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), ".")
    (built,) = folder.glob("*.whl")
    check_contents(session, built)
    session.install(str(built))
    session.chdir(folder)  # so that nothing is imported from the source
    listed = session.run("ganzoo", "plugins", "--json", silent=True)
    assert isinstance(listed, str)
    working = {plugin["name"] for plugin in json.loads(listed) if plugin["offers"]}
    if missing := PROJECT["project"]["entry-points"]["ganzoo"].keys() - working:
        session.error(f"the installed wheel does not offer {', '.join(sorted(missing))}")


def run_shared(
    session: nox.Session, program: str, *arguments: str, env: dict[str, str] | None = None
) -> None:
    """Run a program of the shared environment."""
    programs = session.cache_dir.parent / "environment" / ("Scripts" if os.name == "nt" else "bin")
    session.run(programs / program, *arguments, env=env or {}, external=True)


def check_contents(session: nox.Session, built: Path) -> None:
    """Fail unless a wheel holds the files of ganzoo/ and of all plugins, and no more."""
    names = zipfile.ZipFile(built).namelist()
    packed = {name for name in names if ".dist-info/" not in name}
    folders = [Path("ganzoo"), *(init.parent for init in Path("plugins").glob("*/__init__.py"))]
    expected = {
        path.relative_to(folder.parent).as_posix()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if packed != expected:
        session.error(f"the wheel differs from the source in {sorted(packed ^ expected)}")
