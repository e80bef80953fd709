from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.cli.environment import Environment, Package
from ganzoo.cli.plugin_facts import Component, PluginFacts
from tests.cli.conftest import Ganzoo
from tests.cli.wheels import write_wheel
from tests.environments import new_python

BUNDLED = PluginFacts(
    "own", "ganzoo-toolkit", "0.1.0", "ok", [Component("loss", "hinge", "A margin.")]
)
PROBE = PluginFacts("probe", "ganzoo-probe", "1.0", "ok", [Component("loss", "soft", "A sum.")])
PACKAGES = {"numpy": Package("numpy", "2.0", False, "")}
NAMED = {"ganzoo-probe": Package("Ganzoo_Probe", "1.0", True, "")}
BEFORE = Environment(PACKAGES, [BUNDLED])
AFTER = Environment(PACKAGES | NAMED, [BUNDLED, PROBE])


class Installer:
    """Takes the place of pip: records its arguments and changes the environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.before, self.after, self.status = BEFORE, AFTER, 0
        self.calls: list[list[str]] = []
        monkeypatch.setattr(Environment, "read", lambda: self.after if self.calls else self.before)
        monkeypatch.setattr("ganzoo.cli.package_installer.run_installer", self._run)

    def _run(self, action: str, arguments: list[str]) -> int:
        self.calls.append([action, *arguments])
        return self.status


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    return Installer(monkeypatch)


def test_new_components_are_shown_with_package_and_summary(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    done = ganzoo_command("install", "ganzoo-probe")
    assert installer.calls == [["install", "--", "ganzoo-probe"]]
    assert done.out.splitlines() == [
        "kind  name  package           summary",
        "loss  soft  ganzoo-probe 1.0  A sum.",
        "`ganzoo info NAME` explains a component and its options.",
    ]
    assert (done.status, done.err) == (0, "")


def test_the_options_of_pip_are_passed_on(ganzoo_command: Ganzoo, installer: Installer) -> None:
    options = ["-U", "--pre", "-i", "https://x/simple", "-e", "one", "-e", "two", "-r", "list.txt"]
    assert ganzoo_command("install", "three[extra]", *options).status == 0
    assert installer.calls == [
        [
            *("install", "--upgrade", "--pre", "--index-url", "https://x/simple"),
            *("--editable", "one", "--editable", "two", "--requirement", "list.txt"),
            *("--", "three[extra]"),
        ]
    ]


def test_the_exit_status_of_pip_is_passed_on(ganzoo_command: Ganzoo, installer: Installer) -> None:
    installer.status = 23
    done = ganzoo_command("install", "ganzoo-probe")
    assert (done.status, done.out) == (23, "")


def test_a_package_without_a_plugin_says_so_and_how_to_remove_it(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    plain = {"plain": Package("Plain", "2.0", True, "")}
    needed = {"six": Package("six", "1.0", False, "")}
    installer.after = Environment(PACKAGES | plain | needed, [BUNDLED])
    assert ganzoo_command("install", "https://x/y.whl").out == (
        "Plain 2.0 has no plugin of ganzoo (most packages of plugins are called ganzoo-NAME; is it "
        "ganzoo-Plain?): `ganzoo uninstall Plain` removes it.\n"
    )


def test_a_plugin_that_fails_to_load_is_status_1_with_its_line(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    failed = PROBE._replace(components=[], status="failed: ValueError: no (probe.py:7)")
    installer.after = AFTER._replace(plugins=[BUNDLED, failed])
    done = ganzoo_command("install", "ganzoo-probe")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "warning: the plugin probe (ganzoo-probe 1.0): failed: ValueError: no (probe.py:7); "
        "`ganzoo uninstall ganzoo-probe` removes it\n"
    )


def test_a_slow_plugin_is_reported_and_works(ganzoo_command: Ganzoo, installer: Installer) -> None:
    slow = PROBE._replace(import_seconds=3.0, imports_torch=True)
    installer.after = AFTER._replace(plugins=[BUNDLED, slow])
    done = ganzoo_command("install", "ganzoo-probe")
    assert done.status == 0
    assert "loss  soft" in done.out
    assert "imports torch and takes 3.0 s to import" in done.err


def test_a_plugin_that_was_broken_before_is_not_reported_again(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    broken = BUNDLED._replace(name="old", distribution="ganzoo-old", status="failed: ValueError: x")
    installer.before = BEFORE._replace(plugins=[BUNDLED, broken])
    installer.after = AFTER._replace(plugins=[BUNDLED, broken, PROBE])
    done = ganzoo_command("install", "ganzoo-probe")
    assert (done.status, done.err) == (0, "")


def test_a_package_that_is_there_already_shows_what_it_has(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    installer.before = AFTER
    done = ganzoo_command("install", "ganzoo.probe>=1")
    assert done.out == "ganzoo-probe 1.0 is installed: plugin probe with 1 loss\n"


def test_a_folder_that_is_installed_already_shows_what_it_has(
    ganzoo_command: Ganzoo, installer: Installer, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    origin = (tmp_path / "mine").as_uri()
    packages = {"ganzoo-probe": Package("ganzoo-probe", "1.0", True, origin)}
    installer.before = installer.after = AFTER._replace(packages=packages)
    expected = "ganzoo-probe 1.0 is installed: plugin probe with 1 loss\n"
    for argument in ("./mine", "mine/", str(tmp_path / "mine"), "./mine[extra]"):
        assert ganzoo_command("install", argument).out == expected
    assert ganzoo_command("install", "-e", "mine").out == expected


def test_an_upgrade_shows_what_came_and_what_went(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    newer = PROBE._replace(version="2.0", components=[Component("loss", "hinge", "Another.")])
    packages = PACKAGES | {"ganzoo-probe": Package("ganzoo-probe", "2.0", True, "")}
    installer.before, installer.after = AFTER, Environment(packages, [BUNDLED, newer])
    assert ganzoo_command("install", "-U", "ganzoo-probe").out.splitlines()[:5] == [
        "kind  name         package           summary",
        "loss  probe/hinge  ganzoo-probe 2.0  Another.",  # a bundled plugin has hinge as well
        "no longer there:",
        "kind  name  package           summary",
        "loss  soft  ganzoo-probe 1.0  A sum.",
    ]


def test_an_installation_that_changes_nothing_says_so(
    ganzoo_command: Ganzoo, installer: Installer
) -> None:
    installer.after = BEFORE
    assert ganzoo_command("install", "-r", "empty.txt").out == "no component of ganzoo changed\n"


def test_what_needs_no_pip_is_refused(ganzoo_command: Ganzoo, installer: Installer) -> None:
    assert "say what to install" in ganzoo_command("install").error
    assert "use it by --plugin my_gan.py" in ganzoo_command("install", "my_gan.py").error
    assert not installer.calls


def test_a_folder_that_pip_would_take_for_a_name_is_mentioned(
    ganzoo_command: Ganzoo, installer: Installer, tmp_path: Path
) -> None:
    (tmp_path / "ganzoo-probe").mkdir()
    assert "write ./ganzoo-probe\n" in ganzoo_command("install", "ganzoo-probe").err
    assert ganzoo_command("install", "./ganzoo-probe").err == ""


def test_an_installation_after_which_ganzoo_does_not_start_is_status_1(
    ganzoo_command: Ganzoo, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> Environment:
        if installer.calls:
            raise RuntimeError("ImportError: no pydantic")
        return BEFORE

    monkeypatch.setattr(Environment, "read", read)
    done = ganzoo_command("install", "ganzoo-probe")
    assert done.status == 1
    assert "ganzoo does not start any more: ImportError: no pydantic; `" in done.err


def test_uninstall_shows_what_went(ganzoo_command: Ganzoo, installer: Installer) -> None:
    installer.before, installer.after = AFTER, BEFORE
    done = ganzoo_command("uninstall", "--yes", "ganzoo_probe")
    assert installer.calls == [["uninstall", "--", "Ganzoo_Probe"]]
    assert done.out.splitlines() == [
        "no longer there:",
        "kind  name  package           summary",
        "loss  soft  ganzoo-probe 1.0  A sum.",
    ]


@pytest.mark.parametrize(("answer", "calls"), [("y\n", 1), ("n\n", 0), ("", 0)])
def test_uninstall_asks_and_names_the_components(
    ganzoo_command: Ganzoo,
    installer: Installer,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    calls: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    installer.before, installer.after = AFTER, BEFORE
    done = ganzoo_command("uninstall", "ganzoo-probe")
    assert done.out.startswith("Ganzoo_Probe 1.0 (plugin probe: 1 loss)\n")
    assert len(installer.calls) == calls
    assert done.status == (0 if answer else 2)
    if not answer:
        assert "there was no answer; pass --yes" in done.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own", "the plugin own is bundled with ganzoo and cannot be uninstalled; GANZOO_DISABLE"),
        ("probe", "the plugin probe is in the package ganzoo-probe: `ganzoo uninstall ganzoo-pro"),
        ("ganzoo-prob", "the package ganzoo-prob is not installed; did you mean ganzoo-probe?"),
        ("xyz", "the package xyz is not installed; `ganzoo plugins` lists"),
        ("NumPy", "ganzoo itself needs the package NumPy"),
        ("ganzoo_toolkit", "ganzoo_toolkit is ganzoo itself with all bundled plugins"),
    ],
)
def test_what_cannot_be_uninstalled_is_refused_with_the_remedy(
    ganzoo_command: Ganzoo, installer: Installer, name: str, message: str
) -> None:
    own = {"ganzoo-toolkit": Package("ganzoo-toolkit", "0.1.0", True, "")}
    installer.before = AFTER._replace(packages={**AFTER.packages, **own})
    assert ganzoo_command("uninstall", "-y", name).error.startswith(f"error: {message}")
    assert not installer.calls


def test_pip_installs_and_uninstalls_a_wheel(tmp_path: Path) -> None:
    python = new_python(tmp_path / "environment")
    code = "import ganzoo, sys\nprint('printed by a plugin')\n" + (
        "@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    return [ganzoo.LossSpec(name='probe', summary='A probe.', factory='x:y')]\n"
    )
    wheel = write_wheel(tmp_path, "ganzoo-probe", code, plugin="probe")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PIP_")},
        **{"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        "GANZOO_DISABLE_PLUGINS": "probe",  # of no effect on what is shown
        "PYTHONWARNINGS": "ignore",
    }

    def ganzoo(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-m", "ganzoo", *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    installed = ganzoo("install", wheel.name)
    assert installed.returncode == 0, installed.stderr
    assert "Successfully installed ganzoo-probe-1.0" in installed.stdout
    assert "loss  probe  ganzoo-probe 1.0  A probe." in installed.stdout
    removed = ganzoo("uninstall", "--yes", "ganzoo-probe")
    assert removed.returncode == 0, removed.stderr
    assert "no longer there:\n" in removed.stdout
    assert "loss  probe  ganzoo-probe 1.0  A probe." in removed.stdout
