"""All the images of a list, fetched in parallel; what is there already is not asked for again."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ganzoo.fetching.failure import Failed
from ganzoo.fetching.fetch_log import FetchLog, Outcome
from ganzoo.fetching.hosts import Turns
from ganzoo.fetching.lists import Entry
from ganzoo.fetching.tables import write_tables
from ganzoo.fetching.transfer import Limits, Transfer

FIRST_PAUSE = 1.0
"""Seconds, about, before an address is asked again; each pause is twice as long as the last."""

Watch = Callable[[int, int, int], None]
"""Is told how many addresses are done, of how many, and how many of those done failed."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What has become of the addresses of a list, each counted once."""

    fetched: int
    already_there: int
    failed: int
    not_yet: int
    """Those that were not reached before fetching was stopped."""
    reasons: dict[str, int]
    """How many failed for which reason, most first."""
    stopped: bool


def fetch(
    entries: Sequence[Entry],
    folder: Path,
    limits: Limits,
    *,
    labeled: bool = False,
    watch: Watch = lambda done, total, failed: None,
) -> Report:
    """Fetch what is not in the folder yet, write its tables, and say what became of it all.

    Ctrl-C or SIGTERM stops it; the same call goes on. What failed is tried again by the next call,
    unless it never passes.

    Raises RequestError if another process fetches into the folder, or it is one of other things,
    and OSError, which names it, where the disk gives no more.
    """
    addresses = list(dict.fromkeys(entry.address for entry in entries))
    with FetchLog.opened(folder) as ledger:
        known = {address: ledger.outcome(address) for address in addresses}
        there = sum(1 for outcome in known.values() if outcome and outcome.file)
        # To have an image is an outcome that never passes, too.
        to_do = [a for a, outcome in known.items() if not outcome or outcome.passes != "never"]
        try:
            stopped = bool(to_do) and not asyncio.run(_fetch(to_do, ledger, limits, watch))
            write_tables(ledger, entries, labeled)
        except OSError as error:  # no space left
            raise OSError(f"cannot fetch into {folder}: {error.strerror or error}") from error
        outcomes = [outcome for a in addresses if (outcome := ledger.outcome(a))]
    reasons = Counter(outcome.reason for outcome in outcomes if not outcome.file)
    return Report(
        fetched=len(outcomes) - reasons.total() - there,
        already_there=there,
        failed=reasons.total(),
        not_yet=len(addresses) - len(outcomes),
        reasons=dict(reasons.most_common()),
        stopped=stopped,
    )


async def _fetch(addresses: Sequence[str], ledger: FetchLog, limits: Limits, watch: Watch) -> bool:
    """Whether it came to its end, and was not stopped."""
    turns = Turns(addresses, limits.per_host)
    done = Counter[bool]()

    async def work(transfer: Transfer) -> None:
        while True:
            with turns.turn() as address:
                if address is None:
                    return
                outcome = await _outcome(address, transfer, limits.retries)
                ledger.add(outcome)
                done[bool(outcome.file)] += 1
                watch(done.total(), len(addresses), done[False])

    # Names are looked up there, and one that gets no answer keeps a thread for long.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(limits.jobs))
    watch(0, len(addresses), 0)
    try:
        with _cancelled_by_signals():
            async with Transfer(ledger.folder, limits) as transfer, asyncio.TaskGroup() as group:
                for _ in range(limits.jobs):
                    group.create_task(work(transfer))
    except asyncio.CancelledError:
        return False
    except BaseExceptionGroup as group_of_errors:  # of which the first is the cause
        raise group_of_errors.exceptions[0] from None
    return True


async def _outcome(address: str, transfer: Transfer, retries: int) -> Outcome:
    attempt = 0
    while True:
        try:
            return Outcome(address, await transfer.image(address))
        except Failed as error:
            if error.passes != "soon" or attempt == retries:
                return Outcome.failed(address, error)
        await asyncio.sleep(_pause(address, attempt))
        attempt += 1


def _pause(address: str, attempt: int) -> float:
    """Seconds; apart for each address, so that those which failed together do not return so."""
    digest = hashlib.sha256(f"{attempt} {address}".encode()).digest()
    return FIRST_PAUSE * float(2**attempt) * (0.5 + int.from_bytes(digest[:4]) / 2**32)


@contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel the task that runs; a second Ctrl-C raises KeyboardInterrupt."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def cancel(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(task.cancel)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
