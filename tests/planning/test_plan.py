from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from ganzoo.planning.forecast import PlanFacts
from ganzoo.planning.plan import Plan, plan, settings_file
from ganzoo.planning.timetable import Speed
from ganzoo.setting_types import seconds
from ganzoo.settings import Settings
from tests.planning.results import METRICS, candidate, machine, planned_images

POINTS = [(10_000, 0.2), (100_000, 0.1)]


def planned(budget: float = 600, *, to_end: bool = False, name: str = "a") -> Plan:
    speeds = {(name, (32, 32)): Speed(1000, 0.016, 1.0, 10)}
    one = candidate(name, POINTS, to_end=to_end)
    return plan(PlanFacts(planned_images(), machine(speeds=speeds), budget), [one], METRICS)


def test_a_run_whose_settings_change_to_its_end_gets_a_length_that_it_reaches() -> None:
    short, long = planned(to_end=True), planned(to_end=False)
    assert short.settings["train.images"] < short.time.images < long.settings["train.images"]
    assert short.settings["train.max_time"] == long.settings["train.max_time"]


@given(budget=st.floats(30, 1e6))
def test_training_ends_within_the_budget(budget: float) -> None:
    made = planned(budget)
    limit = seconds(made.settings["train.max_time"])
    assert made.time.spent + limit + made.time.evaluation < budget


def test_a_long_run_is_evaluated_before_its_end() -> None:
    assert "evaluate.every" not in planned(600).settings
    assert planned(3600).settings["evaluate.every"].endswith(" images")


def test_intervals_have_two_digits() -> None:
    made = planned()
    for key in ("sample.every", "log.every", "checkpoint.every"):
        number = made.settings[key].removesuffix(" images")
        assert len(number.rstrip("0")) <= 2


def test_each_choice_has_a_sentence() -> None:
    images, recipe, size, times = planned().reasons
    assert images == "pics: 4,000 images in color"
    assert recipe.startswith("recipe a: measured on photographs (4,000 images of 32 x 32)")
    assert size == "size 32 x 32: as measured"
    assert times.startswith("of 600 s: ")


def test_the_settings_file_has_the_reasons_as_comments() -> None:
    settings = Settings()
    settings.add({"loss": "hinge", "growth": None, "train.images": 5}, "plan")
    text = settings_file(planned(), settings)
    assert text.startswith("# pics: 4,000 images in color\n# recipe a: ")
    assert tomllib.loads(text) == {"loss": {"name": "hinge"}, "train": {"images": 5}}


def test_a_size_that_the_user_has_given_needs_no_reason() -> None:
    one = candidate("a", POINTS)
    made = plan(PlanFacts(planned_images(), machine(), 600, (64, 64)), [one], METRICS)
    assert made.settings["data.resolution"] == 64
    assert made.reasons[2] == "size 64 x 64: as given"
