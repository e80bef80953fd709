"""Limits per host: the number of requests at once, and pauses that a server requests."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager


class Host:
    """Limits the requests to one host: ``max_requests`` at once, and none during a pause."""

    def __init__(self, max_requests: int) -> None:
        self._slots = asyncio.Semaphore(max_requests)
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Start no request for this time."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until a request may start; the slot is free again at the end of the block."""
        async with self._slots:
            while (seconds := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(seconds)
            yield


class UrlQueue:
    """URLs in the order of the list; those of busy hosts come later.

    So a worker does not wait for a slow host while another host is free.
    """

    def __init__(self, urls: Iterable[str], per_host: int) -> None:
        self._waiting = defaultdict[str, deque[str]](deque)
        for url in urls:
            self._waiting[_host(url)].append(url)
        # Each host is in this queue once for each request that it may get now.
        self._free = deque(host for _ in range(per_host) for host in self._waiting)

    @contextmanager
    def take(self) -> Iterator[str | None]:
        """The next URL, whose host counts as busy until the end of the block.

        ``None`` if there is none: the worker can end, because the workers that keep the other
        hosts busy take the rest.
        """
        while self._free:
            host = self._free.popleft()
            if waiting := self._waiting[host]:
                yield waiting.popleft()
                self._free.append(host)
                return
        yield None


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0].lower()
