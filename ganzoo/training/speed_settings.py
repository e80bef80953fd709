"""The settings that depend on the machine: ``auto`` becomes the value that is fastest here.

Steps of separate networks are timed before the run starts. The choice is part of the run's
settings from then on, because it may change the last bits of sums. It is also kept in the cache,
so that the next run with the same networks on this machine gets the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch

from ganzoo.contracts import Condition, ImageShape
from ganzoo.device_time import now
from ganzoo.errors import RequestError, is_out_of_memory
from ganzoo.folders import RunFolder
from ganzoo.operations import OperationCounter
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint, GrowthSchedule
from ganzoo.training.passes import reason_not_to_compile
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.run_components import Components
from ganzoo.training.run_networks import initial_networks
from ganzoo.training.separate_trainer import separate_trainer
from ganzoo.training.timings import read_timings, timings_key, write_timings
from ganzoo.training.trainer import Trainer

DEFAULTS: Mapping[str, Any] = {"channels_last": True, "compile": "off"}
"""The settings of ``train`` that may be ``auto``, with their values if nothing is measured."""
MIN_OPERATIONS = 1e13
"""Multiplications and additions of all forward passes of a run; for fewer nothing is measured.

A step has about six times as many, so these are minutes on two cores.
"""
MIN_GAIN = 1.05
"""How much faster than the default another value must be, so that chance does not decide."""
_LONGEST_STEP = 4.0
"""Seconds of a step, above which nothing more is timed."""
_SECONDS = 4.0
"""Seconds in which steps are timed."""
_ROUNDS = 5
_WORTH_COMPILING = 3600.0
"""Seconds of a run, above which compiling for a minute may be worth it."""

Values = Mapping[str, Any]
Speeds = list[tuple[Values, float]]
"""Values of settings, and the images per second with them."""


def with_fastest(
    run: Run,
    engine: Engine,
    image_shape: ImageShape,
    condition: Condition | None,
    images: float,
    message: Callable[[str], None],
) -> Run:
    """The run with a value for each setting of ``DEFAULTS`` that is ``auto``.

    It is measured if the run is long enough, ``images`` in all, and if it matters.
    ``message`` gets one line for what was measured.
    """
    undecided = [key for key in DEFAULTS if getattr(run.train, key) == "auto"]
    if not undecided:
        return run
    chosen = {key: DEFAULTS[key] for key in undecided}
    if _is_worth_measuring(run, engine, image_shape, condition, images):
        key = timings_key(run, engine, image_shape)
        found = engine.broadcast(read_timings(key, undecided) if engine.is_main else None)
        how = "measured here before"
        if found is None:
            started = time.perf_counter()
            given = (run, engine, image_shape, condition, undecided, images)
            found = engine.broadcast(_measure(engine, undecided, lambda: _fastest_of_all(*given)))
            how = f"measured in {time.perf_counter() - started:.0f} s"
            if engine.is_main:
                write_timings(key, found)
        chosen = {key: found["chosen"][key] for key in undecided}
        if found["speeds"]:
            message(f"{_named(chosen)}: {_described(found['speeds'])} ({how})")
    return run.with_train(chosen, "auto")


def as_started(run: Run, folder: RunFolder) -> Run:
    """The run with what its first start has chosen for these settings, maybe on another machine."""
    stored = folder.stored_settings().get("train", {})
    undecided = [key for key in DEFAULTS if getattr(run.train, key) == "auto"]
    return run.with_train({key: stored[key] for key in undecided if key in stored}, "auto")


def _measure(
    engine: Engine, undecided: Sequence[str], measure: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What ``measure`` returns, without a change of random numbers.

    Two trainers need more memory than one; without it, the result are the defaults.
    """
    try:
        with preserved_random_state(engine.device):
            return measure()
    except Exception as error:
        # The other processes of a run wait for this one: they end together.
        if engine.processes > 1 or not is_out_of_memory(error):
            raise
        return {"chosen": {key: DEFAULTS[key] for key in undecided}, "speeds": []}


def _fastest_of_all(
    run: Run,
    engine: Engine,
    image_shape: ImageShape,
    condition: Condition | None,
    undecided: Sequence[str],
    images: float,
) -> dict[str, Any]:
    """The fastest values, and the speeds with all that were tried."""
    chosen = {key: DEFAULTS[key] for key in undecided}

    def trainer(values: Values) -> Trainer:
        return separate_trainer(run.with_train(values, "auto"), engine, image_shape, condition)

    speeds: Speeds = []
    if "channels_last" in undecided:
        tried = [{**chosen, "channels_last": value} for value in (True, False)]
        speeds = _speeds(tried, [trainer(values) for values in tried], engine)
        chosen = _fastest(speeds) or chosen
    if "compile" in undecided and not reason_not_to_compile(run, engine.device):
        speed = next((speed for values, speed in speeds if values == chosen), None)
        if speed is None or images / speed > _WORTH_COMPILING:
            tried = [chosen, {**chosen, "compile": "on"}]
            with suppress(RequestError):  # what cannot be compiled stays eager
                compiled = _speeds(tried, [trainer(values) for values in tried], engine)
                chosen = _fastest(compiled) or chosen
                speeds += compiled[1:] if speeds else compiled
    return {"chosen": chosen, "speeds": speeds}


def _speeds(tried: Sequence[Values], trainers: Sequence[Trainer], engine: Engine) -> Speeds:
    """The images per second of each trainer, in turns; empty if a step takes too long."""
    images = 0
    for trainer in trainers:
        before = trainer.progress.images_seen
        _seconds_of_step(trainer, engine)  # the first one is slower
        images = trainer.progress.images_seen - before
        if engine.broadcast(_seconds_of_step(trainer, engine)) > _LONGEST_STEP:
            return []
    fastest = [float("inf")] * len(trainers)
    started = time.perf_counter()
    for _ in range(_ROUNDS):
        for number, trainer in enumerate(trainers):
            fastest[number] = min(fastest[number], _seconds_of_step(trainer, engine))
        if engine.broadcast(time.perf_counter() - started) > _SECONDS:
            break
    return [(values, images / seconds) for values, seconds in zip(tried, fastest, strict=True)]


def _seconds_of_step(trainer: Trainer, engine: Engine) -> float:
    started = now(engine.device)
    with trainer.setup.passes.errors():
        trainer.step()
    return now(engine.device) - started


def _fastest(speeds: Speeds) -> dict[str, Any] | None:
    """The values with the highest speed; the first ones unless others are clearly faster."""
    if not speeds:
        return None
    first, best = speeds[0], max(speeds, key=lambda each: each[1])
    return dict(best[0] if best[1] > first[1] * MIN_GAIN else first[0])


def _is_worth_measuring(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None, images: float
) -> bool:
    """Whether the run is long enough, and has convolutions or may be compiled."""
    if images < 1000:
        return False
    with preserved_random_state(torch.device("cpu")):
        requirements = Components.of(run, engine.device).requirements
        networks = initial_networks(run, image_shape, condition, requirements)
        growth = GrowthSchedule(run, networks, image_shape, processes=engine.processes)
        both = networks.generator, networks.discriminator
        GrowthPoint(growth.stages[-1], 1.0).grow(*both)
        convolutions = any(p.ndim == 4 for network in both for p in network.parameters())
        if not convolutions and run.train.compile != "auto":
            return False
        conditions = condition.examples(2) if condition else None
        latents = networks.generator.sample_latents(2, torch.Generator().manual_seed(0))
        with torch.no_grad(), OperationCounter(torch.device("cpu")) as counter:
            networks.discriminator(networks.generator(latents, conditions), conditions)
    return bool(counter.operations / 2 * images >= MIN_OPERATIONS)


def _named(values: Values) -> str:
    return ", ".join(f"train.{key}={_text(value)}" for key, value in values.items())


def _described(speeds: Speeds) -> str:
    return ", ".join(f"{speed:.3g} images/s with {_short(values)}" for values, speed in speeds)


def _short(values: Values) -> str:
    if len(values) == 1:
        return _text(*values.values())
    return " ".join(f"{key}={_text(value)}" for key, value in values.items())


def _text(value: Any) -> str:
    return str(value).lower()
