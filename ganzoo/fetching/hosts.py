"""Whose turn it is: how much is asked of a host at once, and how soon again."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager


class Host:
    """A host that answers ``seats`` requests at once, and has rests."""

    def __init__(self, seats: int) -> None:
        self._seats = asyncio.Semaphore(seats)
        self._rested = 0.0

    def rest(self, seconds: float) -> None:
        """Ask nothing of it for so long."""
        self._rested = max(self._rested, time.monotonic() + seconds)

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """The right to ask something, as soon as it may be had."""
        async with self._seats:
            while (left := self._rested - time.monotonic()) > 0:
                await asyncio.sleep(left)
            yield


class Turns:
    """Addresses in the order of a list, but for those of hosts that are busy: they come later.

    So no one waits for a slow host who could ask another.
    """

    def __init__(self, addresses: Iterable[str], per_host: int) -> None:
        self._waiting = defaultdict[str, deque[str]](deque)
        for address in addresses:
            self._waiting[_host(address)].append(address)
        # A host stands here as often as it may be asked at once.
        self._free = deque(host for _ in range(per_host) for host in self._waiting)

    @contextmanager
    def turn(self) -> Iterator[str | None]:
        """The next address, its host less free meanwhile; ``None`` if there is none to be had.

        Whoever gets none may go home: all that is left is for those who keep its hosts busy.
        """
        while self._free:
            host = self._free.popleft()
            if waiting := self._waiting[host]:
                yield waiting.popleft()
                self._free.append(host)
                return
        yield None


def _host(address: str) -> str:
    return address.partition("//")[2].partition("/")[0].lower()
