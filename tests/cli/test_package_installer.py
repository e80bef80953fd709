from __future__ import annotations

import shutil
import sys

import pytest

from ganzoo import RequestError
from ganzoo.cli import package_installer
from ganzoo.cli.environment import Environment
from ganzoo.cli.package_installer import installer_command, run_installer


def test_pip_of_this_python_is_used_and_does_not_ask() -> None:
    pip = [sys.executable, "-P", "-m", "pip"]
    assert installer_command("install") == [*pip, "install"]
    assert installer_command("uninstall") == [*pip, "uninstall", "--yes"]


def test_uv_is_used_for_this_python_where_there_is_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_installer, "_has_pip", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    expected = ["/bin/uv", "pip", "install", "--python", sys.executable]
    assert installer_command("install") == expected


def test_without_pip_and_uv_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)  # as if it were missing
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RequestError, match=r"has no pip: add it by `.* -m ensurepip`, or install"):
        installer_command("install")


@pytest.mark.parametrize(
    ("code", "status"), [("", 0), ("exit(23)", 23), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_status_is_that_of_the_installer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], code: str, status: int
) -> None:
    command = [sys.executable, "-c", f"import sys; print(sys.argv[1:], flush=True); {code}"]
    monkeypatch.setattr(package_installer, "installer_command", lambda action: command)
    assert run_installer("install", ["--", "a b"]) == status
    first, second = capfd.readouterr().out.splitlines()
    assert first.startswith("$ ")
    assert first.endswith(" -- 'a b'")
    assert second == "['--', 'a b']"


def test_a_password_in_the_address_of_an_index_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", ""]
    monkeypatch.setattr(package_installer, "installer_command", lambda action: command)
    run_installer("install", ["--index-url", "https://me:secret@example.org/simple"])
    assert " https://****@example.org/simple" in capfd.readouterr().out


def test_ctrl_c_waits_until_the_installer_has_undone_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Process:
        answers: tuple[object, ...] = (KeyboardInterrupt, KeyboardInterrupt, 1)

        def wait(self) -> object:
            answer, *self.answers = self.answers  # type: ignore[assignment]
            if answer is KeyboardInterrupt:
                raise KeyboardInterrupt
            return answer

    monkeypatch.setattr("subprocess.Popen", lambda command: Process())
    assert run_installer("install", ["x"]) == 1


def test_an_environment_in_which_ganzoo_does_not_start_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ganzoo.cli.environment._READ", "print(); raise SystemExit('no pydantic')")
    with pytest.raises(RuntimeError, match="no pydantic"):
        Environment.read()
