"""A headless Chromium that is driven through a pipe, by the Chrome DevTools Protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

COMMAND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
"""The path of the program, or ``None``."""


class Chromium:
    """One page of a browser; ``events`` has what the page reported, as (method, parameters)."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._process, self._write, self._read = process, write, read
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    @classmethod
    @contextmanager
    def started(cls, profile: Path) -> Iterator[Self]:
        """A browser that ends with the block."""
        assert COMMAND
        (page_in, test_out), (test_in, page_out) = os.pipe(), os.pipe()
        # The browser reads from the file 3 and writes to the file 4.
        shell = f'exec 3<&{page_in} 4>&{page_out}; exec "$@"'
        arguments = [
            *("--headless", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *(f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])),
        ]
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", COMMAND, *arguments],
            pass_fds=(page_in, page_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(page_in)
        os.close(page_out)
        try:
            yield cls(process, test_out, test_in)
        finally:
            os.close(test_out)  # the browser ends when its pipe is closed
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(test_in)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(time.monotonic() + 60)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append((answer["method"], answer["params"]))

    def evaluate(self, script: str) -> Any:
        """The value of an expression of JavaScript; a promise is awaited."""
        options = {"awaitPromise": True, "returnByValue": True}
        result = self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Wait until an expression of JavaScript is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"{condition} is still false"
            time.sleep(0.05)

    def show(self, width: int, height: int, scheme: str = "light") -> None:
        """Set the size of the page, and whether it is light or dark."""
        phone = width < 500
        self.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "mobile": phone},
            deviceScaleFactor=2 if phone else 1,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def press(self, key: str, code: int) -> None:
        """Press a key, such as ArrowRight, 39."""
        for kind in ("keyDown", "keyUp"):
            options = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
            self.call("Input.dispatchKeyEvent", **options)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Save what the page shows, or the whole page, as PNG."""
        image = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(image["data"]))

    def messages(self) -> list[str]:
        """Errors and warnings of the page, and everything that it wrote to the console."""
        self.evaluate("1")  # receives what was reported before
        return [
            json.dumps(parameters)
            for method, parameters in self.events
            if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        ]

    def requests(self) -> set[str]:
        """The addresses that the page requested."""
        self.evaluate("1")
        sent = [each for method, each in self.events if method == "Network.requestWillBeSent"]
        return {each["request"]["url"] for each in sent}

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self._read, 1 << 20)
            assert read, "the browser has ended"
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer
