"""Download the images of a list in parallel; images that are in the folder are skipped."""

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

from ganzoo_fetch.failure import Failed
from ganzoo_fetch.fetch_log import FetchLog, Outcome
from ganzoo_fetch.hosts import UrlQueue
from ganzoo_fetch.lists import Entry
from ganzoo_fetch.tables import write_tables
from ganzoo_fetch.transfer import Limits, Transfer

FIRST_PAUSE = 1.0
"""Mean number of seconds before the first retry; each further pause is twice as long."""

Watch = Callable[[int, int, int], None]
"""Called with the number of finished URLs, of all URLs, and of failed URLs."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The number of URLs of a list by outcome; duplicates count once."""

    fetched: int
    already_there: int
    failed: int
    not_yet: int
    """URLs that were not tried because fetching was stopped."""
    reasons: dict[str, int]
    """The number of failures by reason, most frequent first."""
    stopped: bool


def fetch(
    entries: Sequence[Entry],
    folder: Path,
    limits: Limits,
    *,
    labeled: bool = False,
    watch: Watch = lambda done, total, failed: None,
) -> Report:
    """Download the images that are not in the folder yet and write its tables.

    Ctrl-C or SIGTERM stops it; the same call resumes. The next call tries failures again, except
    those that are permanent.

    Raises RequestError if another process fetches into the folder or the folder has other content,
    and OSError, which names the folder, if the disk is full.
    """
    urls = list(dict.fromkeys(entry.address for entry in entries))
    with FetchLog.opened(folder) as log:
        known = {url: log.outcome(url) for url in urls}
        already_there = sum(1 for outcome in known.values() if outcome and outcome.file)
        # The outcome of an image that was fetched has passes="never", too.
        to_do = [url for url, outcome in known.items() if not outcome or outcome.passes != "never"]
        try:
            stopped = bool(to_do) and not asyncio.run(_fetch(to_do, log, limits, watch))
            write_tables(log, entries, labeled)
        except OSError as error:  # no space left
            raise OSError(f"cannot fetch into {folder}: {error.strerror or error}") from error
        outcomes = [outcome for url in urls if (outcome := log.outcome(url))]
    reasons = Counter(outcome.reason for outcome in outcomes if not outcome.file)
    return Report(
        fetched=len(outcomes) - reasons.total() - already_there,
        already_there=already_there,
        failed=reasons.total(),
        not_yet=len(urls) - len(outcomes),
        reasons=dict(reasons.most_common()),
        stopped=stopped,
    )


async def _fetch(urls: Sequence[str], log: FetchLog, limits: Limits, watch: Watch) -> bool:
    """Fetch URLs and log their outcomes; false if it was stopped before all were done."""
    queue = UrlQueue(urls, limits.per_host)
    done = Counter[bool]()

    async def work(transfer: Transfer) -> None:
        while True:
            with queue.take() as url:
                if url is None:
                    return
                outcome = await _fetch_one(url, transfer, limits.retries)
                log.add(outcome)
                done[bool(outcome.file)] += 1
                watch(done.total(), len(urls), done[False])

    # DNS lookups run in its threads; a lookup without an answer blocks its thread for a long time.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(limits.jobs))
    watch(0, len(urls), 0)
    try:
        with _cancelled_by_signals():
            async with Transfer(log.folder, limits) as transfer, asyncio.TaskGroup() as group:
                for _ in range(limits.jobs):
                    group.create_task(work(transfer))
    except asyncio.CancelledError:
        return False
    except BaseExceptionGroup as group_of_errors:  # the first one is the cause
        raise group_of_errors.exceptions[0] from None
    return True


async def _fetch_one(url: str, transfer: Transfer, retries: int) -> Outcome:
    attempt = 0
    while True:
        try:
            return Outcome(url, await transfer.download(url))
        except Failed as error:
            if error.passes != "soon" or attempt == retries:
                return Outcome.failed(url, error)
        await asyncio.sleep(_pause(url, attempt))
        attempt += 1


def _pause(url: str, attempt: int) -> float:
    """Seconds before the next attempt, different for each URL: exponential backoff with jitter."""
    digest = hashlib.sha256(f"{attempt} {url}".encode()).digest()
    return FIRST_PAUSE * float(2**attempt) * (0.5 + int.from_bytes(digest[:4]) / 2**32)


@contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel the current task; a second Ctrl-C raises KeyboardInterrupt."""
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
