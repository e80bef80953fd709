from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ganzoo.cli.plugin_facts import Component, PluginFacts, plugin_facts
from ganzoo.cli.plugin_requirements import requirement_lines
from ganzoo.registry import Registry
from tests.cli.conftest import Ganzoo
from tests.cli.wheels import PLUGIN, unpack_wheel, write_wheel

OK = PluginFacts("probe", "ganzoo-probe", "1.0", "ok", [Component("loss", "probe", "A.")], 0.25)


def test_the_table_has_package_version_components_status_and_import_time(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "tabled_gan.py").write_text(PLUGIN.format(name="tabled"))
    head, *rows = ganzoo_command("plugins", "--plugin", "tabled_gan.py").out.splitlines()
    assert head.split() == ["plugin", "package", "version", "offers", "status", "import", "torch"]
    assert [row for row in rows if re.match(r"dcgan +ganzoo-toolkit +[\d.]+ +1 arch.* ok +\d", row)]
    path = re.escape(str(tmp_path / "tabled_gan.py"))
    assert [row for row in rows if re.match(rf"tabled-gan +local: {path} +1 loss +ok", row)]


def test_json_has_all_facts_and_can_be_read_again(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "mlp")
    listed = {facts["name"]: facts for facts in json.loads(ganzoo_command("plugins", "--json").out)}
    wgan, mlp = listed["wgan-gp"], listed["mlp"]
    assert wgan["components"][0]["kind"] == "loss"
    assert wgan["components"][0]["summary"]
    assert (wgan["offers"], wgan["status"], wgan["problem"]) == (["1 loss"], "ok", "")
    assert wgan["import_seconds"] >= 0
    assert wgan["imports_torch"] is False
    assert (mlp["imports_torch"], mlp["import_seconds"], mlp["components"]) == (None, None, [])
    assert PluginFacts.from_json(OK.as_json()) == OK


def test_a_plugin_that_imported_torch_or_is_slow_is_marked_with_what_to_do(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = OK._replace(name="heavy", import_seconds=2.0, imports_torch=True)
    monkeypatch.setattr("ganzoo.cli.plugin_facts.plugin_facts", lambda registry: [OK, heavy])
    rows = ganzoo_command("plugins").out.splitlines()
    assert rows[1].endswith("250 ms")
    assert rows[2].endswith("2000 ms  imported")
    assert rows[3:] == ["", f"heavy: {heavy.problem}"]
    assert heavy.problem == (
        "imports torch and takes 2.0 s to import, for which every command waits: its __init__.py "
        "should name the code by import strings; GANZOO_DISABLE_PLUGINS=heavy skips it"
    )
    assert "imports torch" not in OK._replace(import_seconds=2.0).problem
    assert "takes" not in OK._replace(imports_torch=True).problem


def test_the_facts_have_what_the_registry_recorded() -> None:
    registry = Registry.discover()
    registry.import_seconds["mlp"] = 1.5
    registry.torch_importers.add("mlp")
    facts = {each.name: each for each in plugin_facts(registry)}
    assert (facts["mlp"].import_seconds, facts["mlp"].imports_torch) == (1.5, True)
    assert facts["mlp"].problem
    assert facts["dcgan"].imports_torch is False


def test_a_broken_plugin_says_how_to_remove_or_correct_it(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    failed = OK._replace(status="failed: ValueError: wrong (x.py:3)")
    assert failed.problem == (
        "failed: ValueError: wrong (x.py:3); `ganzoo uninstall ganzoo-probe` removes it"
    )
    for package in ("unknown", "ganzoo-toolkit"):
        lost = failed._replace(distribution=package)
        assert lost.problem.endswith("; GANZOO_DISABLE_PLUGINS=probe skips it")
    (tmp_path / "failing_gan.py").write_text("1 / 0")
    last = ganzoo_command("plugins", "--plugin", "failing_gan.py").out.splitlines()[-1]
    assert last.startswith("failing-gan: failed: ZeroDivisionError")
    assert last.endswith("failing_gan.py:1); correct the file")


def test_requirements_are_the_packages_of_others_and_local_files_are_comments(
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("ganzoo-second", "ganzoo-first"):
        wheel = write_wheel(tmp_path, name, plugin=name.removeprefix("ganzoo-"))
        unpack_wheel(wheel, tmp_path)
    (tmp_path / "own_gan.py").write_text("import ganzoo")
    done = ganzoo_command("plugins", "--requirements", "--plugin", "own_gan.py")
    path = tmp_path / "own_gan.py"
    assert done.out == f"ganzoo-first==1.0\nganzoo-second==1.0\n# local: {path}\n"
    assert "choose one" in ganzoo_command("plugins", "--requirements", "--json").error


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({"url": "https://x/y.whl", "archive_info": {}}, "ganzoo-probe @ https://x/y.whl"),
        ({"url": "file:///a", "dir_info": {"editable": True}}, "-e file:///a"),
        (
            {
                "url": "https://x/y.git",
                "vcs_info": {"vcs": "git", "commit_id": "12ab"},
                "subdirectory": "examples/a",
            },
            "ganzoo-probe @ git+https://x/y.git@12ab#subdirectory=examples/a",
        ),
    ],
)
def test_a_package_from_a_folder_or_url_is_required_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any], line: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    unpack_wheel(write_wheel(tmp_path, "ganzoo-probe", plugin="probe"), tmp_path)
    (info,) = tmp_path.glob("*.dist-info")
    (info / "direct_url.json").write_text(json.dumps(origin))
    assert list(requirement_lines([OK])) == [line]


@pytest.mark.parametrize("damaged", ["{", "[]"])
def test_a_damaged_record_of_the_origin_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    unpack_wheel(write_wheel(tmp_path, "ganzoo-probe", plugin="probe"), tmp_path)
    (tmp_path / "ganzoo_probe-1.0.dist-info" / "direct_url.json").write_text(damaged)
    assert list(requirement_lines([OK])) == ["ganzoo-probe==1.0"]


def test_a_plugin_of_a_package_without_its_metadata_is_listed(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    unpack_wheel(write_wheel(tmp_path, "ganzoo-bare", plugin="bare"), tmp_path)
    (tmp_path / "ganzoo_bare-1.0.dist-info" / "METADATA").unlink()
    assert re.search(r"^bare +unknown +1 loss +ok", ganzoo_command("plugins").out, re.MULTILINE)


def test_what_a_plugin_prints_is_not_in_the_json(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    code = PLUGIN.format(name="talk").replace("    return", "    print('called')\n    return")
    (tmp_path / "talking_gan.py").write_text(f"print('imported')\n{code}")
    done = ganzoo_command("plugins", "--json", "--plugin", "talking_gan.py")
    assert json.loads(done.out)
    assert done.err == "imported\ncalled\n"


def test_a_plugin_without_a_known_package_is_a_comment() -> None:
    assert list(requirement_lines([OK._replace(distribution="unknown", version="")])) == [
        "# unknown: its package is unknown"
    ]


def test_a_bundled_plugin_needs_no_line() -> None:
    assert list(requirement_lines([OK._replace(distribution="ganzoo-toolkit")])) == []
