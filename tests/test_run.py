from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

import ganzoo
from ganzoo import RequestError
from ganzoo.arguments import flags
from ganzoo.data.preparation import Preparation
from ganzoo.flags import ADDING, FLAGS
from ganzoo.options import section_model
from ganzoo.registry import Plugin, Registry
from ganzoo.run import Run, core_keys
from ganzoo.sections import (
    CheckpointOptions,
    EmaOptions,
    LogOptions,
    OptimizerOptions,
    SampleOptions,
    TrainOptions,
)
from ganzoo.settings import NAMED_SECTIONS, Settings, explain
from ganzoo.testing.declaration import option_faults

REGISTRY = Registry.discover()


def settings(*assignments: str) -> Settings:
    found = Settings()
    found.override(["dataset=blossoms", "architecture=dcgan", "loss=wgan-gp", *assignments])
    return found


def resolve(*assignments: str) -> Run:
    return Run.resolve(settings(*assignments), REGISTRY)


def error_of(*assignments: str) -> str:
    with pytest.raises(RequestError) as caught:
        resolve(*assignments)
    return str(caught.value)


def test_recommendations_of_the_architecture_override_those_of_loss_and_dataset() -> None:
    run = resolve()
    assert run.data.resolution == 32  # blossoms
    assert run.train.discriminator.steps == 5  # wgan-gp
    assert run.train.generator.betas == (0.0, 0.9)  # wgan-gp; dcgan recommends none
    assert resolve("loss=hinge").train.generator.betas == (0.5, 0.999)
    grown = resolve("architecture=progressive")
    assert grown.train.generator.betas == (0.0, 0.99)  # progressive, over wgan-gp
    assert grown.train.discriminator.steps == 1  # progressive, over wgan-gp
    assert (grown.train.images, grown.train.epochs) == (12_000_000, None)  # not blossoms' epochs
    assert resolve("data.resolution=16").data.resolution == 16


def test_every_value_has_an_origin(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("seed = 5\n[augment.rotate]\ndegrees = 3\n")
    found = settings("train.batch_size=16", "augment.flip=true")
    found.read(file)
    run = Run.resolve(found, REGISTRY)
    shown = {key: (value, origin) for key, value, origin in explain(run.tree(), run.origins)}
    assert shown["seed"] == (5, str(file))
    assert shown["loss.name"] == ("wgan-gp/wgan-gp", "command line")
    assert shown["regularize.drift.weight"] == (0.001, "default")
    assert shown["train.batch_size"] == (16, "command line")
    assert shown["train.discriminator.steps"] == (5, "loss wgan-gp")
    assert shown["data.resolution"] == (32, "dataset blossoms")
    assert shown["augment.rotate.degrees"] == (3.0, str(file))
    assert shown["log.every"] == (run.log.every, "default")


def test_a_run_written_as_toml_and_read_again_is_the_same(tmp_path: Path) -> None:
    run = resolve("augment.flip=true", "augment.rotate.degrees=4", "train.ema.rampup=0")
    file = tmp_path / "run.toml"
    file.write_text(tomli_w.dumps(run.tree()))
    stored = Settings()
    stored.read(file)
    again = Run.resolve(stored, REGISTRY)
    assert again.tree() == run.tree() == tomllib.loads(file.read_text())


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("train.lr=1", "no setting train.lr; did you mean train.generator.lr or train.discrimi"),
        ("lr=1", "no setting lr; did you mean train.generator.lr or train.discriminator.lr?"),
        ("loss.lr=1", "no setting loss.lr; did you mean train.generator.lr or"),
        ("batch_size=8", "no setting batch_size; did you mean train.batch_size or growth.batch"),
        ("resolution=8", "no setting resolution; did you mean data.resolution?"),
        ("bias=1", "no setting bias; did you mean architecture.bias?"),
        ("train.generator.learning_rate=1", "there is no setting train.generator.learning_rate"),
        ("trian.steps=1", "there is no setting trian; did you mean train"),
        ("loss.drift=1", "no setting loss.drift; did you mean regularize.drift?"),
        ("architecture.norn=1", "no setting architecture.norn; did you mean architecture.norm"),
        ("augment.rotate.degree=1", "did you mean augment.rotate.degrees"),
        ("augment.rotat=true", "there is no augmentation called rotat; did you mean rotate?"),
        ("augment=flip", "augment is a section"),
        ("augment.flip=5", "augment.flip=5: write true, false"),
        ("augment.flip=null", "augment.flip=None: write true, false"),
        ("name=x", "there is no setting name"),
        ("train=5", "train is a plain value, not a section"),
        ("train.device=xcpux", "train.device=xcpux: "),
        ("train.device=cuda:", "train.device=cuda:: "),
        ("plugins=5", "plugins=5: "),
        ("train.steps=many", "train.steps=many: input should be a valid integer"),
        (
            "train.threads=0",
            "train.threads=0: input should be 'auto', or input should be greater than or equal to",
        ),
        ("train.channels_last=maybe", "train.channels_last=maybe: input should be 'auto', or inp"),
        ("train.steps=0", "train.steps=0: input should be greater than or equal to 1"),
        ("train.generator.lr=NaN", "train.generator.lr="),
        ("train.device=gpu", "train.device=gpu: "),
        (
            "regularize.drift.weight=-1",
            "regularize.drift.weight=-1: input should be greater than or equal to 0",
        ),
        ("architecture.kernel_size=7", "architecture.kernel_size=7: input should be 4 or 5"),
        ("data.fit=squeeze", "data.fit=squeeze: input should be"),
        (
            "sample.every=2 steps",
            "sample.every=2 steps: write a number of steps from 1 on, or a text such as",
        ),
        ("dataset=blosoms", "there is no dataset called blosoms; did you mean blossoms?"),
    ],
)
def test_an_invalid_setting_is_refused_in_one_line(assignment: str, message: str) -> None:
    error = error_of(assignment)
    assert message in error
    assert "\n" not in error


def test_a_missing_component_is_named() -> None:
    found = Settings()
    found.override(["dataset=blossoms"])
    with pytest.raises(RequestError, match="which architecture"):
        Run.resolve(found, REGISTRY)


@pytest.mark.parametrize("length", ["train.epochs=3", "train.images=500"])
def test_a_length_in_epochs_or_images_removes_steps(length: str) -> None:
    assert "steps" not in resolve(length).tree()["train"]


def test_two_lengths_of_the_same_origin_are_refused() -> None:
    assert "give train.epochs or train.steps, not both" in error_of(
        "train.epochs=3", "train.steps=5"
    )
    assert "not both" in error_of("train.images=3", "train.epochs=5")


def test_the_length_that_was_set_last_is_used(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("train.images = 5\n")
    found = settings("train.epochs=3")
    found.read(file)
    run = Run.resolve(found, REGISTRY)
    assert (run.train.epochs, run.train.images) == (None, 5)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("growth.batch_size.x=3", "growth.batch_size.x=x: input should be a valid integer"),
        ("growth.lr_factor.8=0", "growth.lr_factor.8=0: input should be greater than 0"),
        ("growth.freez=true", "there is no setting growth.freez; did you mean growth.freeze"),
    ],
)
def test_an_invalid_setting_of_growth_is_refused_in_one_line(assignment: str, message: str) -> None:
    assert message in error_of("architecture=growing-mlp", assignment)


def test_the_section_growth_exists_only_for_networks_that_grow() -> None:
    assert resolve().growth is None
    assert "growth" not in resolve().tree()
    assert resolve("architecture=growing-mlp").tree()["growth"]["freeze"] is False
    error = error_of("architecture=mlp", "growth.freeze=true")
    assert error == "the architecture mlp does not grow: remove growth, or write growth=null"
    assert resolve("growth.freeze=true", "growth=null").growth is None


def test_an_ema_half_life_replaces_a_recommended_decay() -> None:
    recommended = resolve("architecture=progressive")
    assert recommended.train.ema.decay == 0.999
    assert "half_life" not in recommended.tree()["train"]["ema"]
    own = resolve("architecture=progressive", "train.ema.half_life=1000")
    assert (own.train.ema.half_life, own.train.ema.decay) == (1000, None)


def test_recommendations_are_not_applied_to_stored_settings() -> None:
    found = Settings()
    tree = resolve("architecture=progressive", "train.ema.half_life=1000").tree()
    del tree["growth"]["batch_size"]["64"]
    found.add(tree, "run.toml")
    assert Run.resolve(found, REGISTRY, recommend=False).tree() == tree


@pytest.mark.parametrize(
    ("given", "classes"),
    [("3,5+8", ("3", "5+8")), ("5", ("5",)), ('["a,b","c"]', ("a,b", "c")), ("", ())],
)
def test_classes_are_a_list_or_a_text_separated_by_commas(
    given: str, classes: tuple[str, ...]
) -> None:
    assert resolve(f"data.classes={given}").data.classes == classes


def test_a_length_overrides_the_recommended_one() -> None:
    assert resolve("train.steps=7").train.epochs is None
    assert resolve("train.epochs=7").train.epochs == 7
    assert resolve().train.epochs == 10  # blossoms


def test_steps_of_a_later_layer_override_epochs(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[train]\nepochs = 2\n")
    found = Settings()
    found.override(["dataset=mnist", "architecture=dcgan", "loss=hinge"])
    found.read(file)
    found.override(["train.steps=7"])
    run = Run.resolve(found, REGISTRY)
    assert run.train.epochs is None
    assert run.train.steps == 7


def numbers(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """The dotted key of every option whose type includes a number."""
    for name, field in model.model_fields.items():
        if inside := section_model(field.annotation):
            yield from numbers(inside, f"{prefix}{name}.")
        elif any(kind in repr(field.annotation) for kind in ("int", "float")):
            yield f"{prefix}{name}", field


def every_number() -> Iterator[tuple[str, str, FieldInfo]]:
    """The setting that selects the component, the key, and the option; for all components."""
    for entry in REGISTRY.entries():
        kind, name = entry.component.kind, entry.component.name
        chosen, of = {
            "augmentation": (f"augment.{name}=true", f"augment.{name}"),
            "regularizer": (f"regularize.{name}=true", f"regularize.{name}"),
            "metric": (f"evaluate.metrics={name}", f"metrics.{name}"),
            "observer": (f"observe.{name}=true", f"observe.{name}"),
            "extractor": (f"extractor={name}", "extractor"),
        }.get(kind, (f"{kind}={name}", kind))
        for key, field in numbers(entry.component.options):
            yield chosen, f"{of}.{key}", field
    for key, field in numbers(Run):
        yield "architecture=growing-mlp" if key.startswith("growth.") else "seed=0", key, field


OUTSIDE = {"ge": -1, "gt": 0, "le": 1, "lt": 0}
"""The difference between each kind of bound and a number outside of it."""


@pytest.mark.parametrize(
    ("chosen", "key", "field"),
    [pytest.param(*number, id=number[1]) for number in every_number()],
)
def test_a_number_out_of_bounds_is_refused_in_one_line(
    chosen: str, key: str, field: FieldInfo
) -> None:
    wrong = ["NaN", "Infinity", "-Infinity", '"nan"', "[null]"]
    for bound in field.metadata:
        for kind, step in OUTSIDE.items():
            if (limit := getattr(bound, kind, None)) is not None:
                wrong.append(f"{limit + step}")
    for value in wrong:
        error = error_of(chosen, f"{key}={value}")
        assert error.startswith(key), error
        assert "\n" not in error


@pytest.mark.parametrize(
    "section",
    [
        Run,
        TrainOptions,
        OptimizerOptions,
        EmaOptions,
        CheckpointOptions,
        SampleOptions,
        LogOptions,
        Preparation,
    ],
)
def test_settings_of_the_core_follow_the_rules_of_options(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        if name not in ("dataset", "architecture", "loss", "augment", "regularize"):
            assert not list(option_faults(field)), name


def test_every_shorthand_exists_as_a_setting() -> None:
    assert {flag.key for flag in FLAGS.values()} <= set(core_keys())


def test_a_broken_plugin_is_reported_as_a_warning_in_python(tmp_path: Path) -> None:
    file = tmp_path / "broken_for_python.py"
    file.write_text("1 / 0")
    with pytest.warns(UserWarning, match="broken-for-python .* cannot be used: ZeroDivisionError"):
        Run.resolve(settings(f'plugins=["{file}"]'))


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("evaluate.best=fid", "evaluate.best=fid: no metric of the run has this value; did you"),
        ("evaluate.best=prcd/recall", "did you mean prdc?"),
        ("evaluate.metrics=fd, kidd", "there is no metric called kidd; did you mean kid"),
        ("evaluate.metrics=swd/32", "swd/32 is a value of the metric swd: write swd"),
    ],
)
def test_names_of_metrics_and_their_numbers_are_checked(assignment: str, message: str) -> None:
    assert message in error_of(assignment)


def test_blanks_after_commas_are_ignored() -> None:
    run = resolve("evaluate.metrics=fd, kid", "data.classes=rose, tulip", "evaluate.best=kid")
    assert (run.evaluate.metrics, list(run.metrics)) == (("fd", "kid"), ["fd", "kid"])
    assert run.data.classes == ("rose", "tulip")


def test_stored_settings_with_an_unknown_best_metric_can_be_resumed() -> None:
    stored = settings("evaluate.best=fid", "train.steps=5")
    assert Run.resolve(stored, REGISTRY, recommend=False).evaluate.best == "fid"


@pytest.mark.parametrize("more", [["extractor=random"], []])
def test_a_run_that_is_evaluated_keeps_the_metrics_that_were_chosen(more: list[str]) -> None:
    run = resolve("evaluate.every=5", *more)
    installed = [entry.component.name for entry in REGISTRY.entries("metric")]
    assert list(run.metrics) == list(run.evaluate.metrics) == installed
    assert run.evaluate.best == "kid"  # it has the greatest preference
    assert run.extractor
    assert run.extractor.automatic == (not more)
    chosen = [*("evaluate.metrics", "evaluate.best"), *([] if more else ["extractor.name"])]
    assert [run.origins[key] for key in chosen] == ["auto"] * len(chosen)
    stored = Settings()
    stored.add(run.tree(), "run.toml")
    registry = Registry.discover()
    added = ganzoo.MetricSpec(name="a-first", summary="One.", factory=dict)
    registry.add_components([added], Plugin("more", "ganzoo-more", "1"))
    again = Run.resolve(stored, registry, recommend=False)
    assert again.tree() == run.tree()


def test_named_metrics_are_kept_and_the_best_is_one_of_them() -> None:
    run = resolve("evaluate.every=5", "evaluate.metrics=prdc,kid")
    assert (run.evaluate.metrics, run.evaluate.best) == (("prdc", "kid"), "kid")
    assert run.origins["evaluate.metrics"] == "command line"
    assert resolve("evaluate.every=5", "evaluate.metrics=prdc").evaluate.best is None
    best = resolve("evaluate.every=5", "evaluate.best=prdc/recall")
    assert best.evaluate.best == "prdc/recall"


def test_a_run_that_is_not_evaluated_needs_no_metric_and_no_extractor() -> None:
    bare = Registry.discover(without=["feature-metrics", "image-metrics", "features"])
    assert not [*bare.entries("metric"), *bare.entries("extractor")]
    run = Run.resolve(settings(), bare)
    assert (run.metrics, run.extractor) == ({}, None)
    assert "extractor" not in run.tree()
    assert resolve().tree() == run.tree()
    measured = Run.resolve(settings(), REGISTRY, measure=True)
    assert measured.extractor
    assert len(measured.metrics) == len(REGISTRY.entries("metric"))
    assert run.with_measures().metrics.keys() == measured.metrics.keys()


def test_metrics_that_are_configured_are_checked_also_if_a_run_is_not_evaluated() -> None:
    run = resolve("metrics.kid.subset_size=50", "extractor=random")
    assert list(run.metrics) == ["kid"]
    assert run.extractor
    assert len(run.with_measures().metrics) == len(REGISTRY.entries("metric"))
    assert run.with_measures().metrics["kid"] == run.metrics["kid"]
    assert "did you mean" in error_of("metrics.kidd.x=1")


def test_an_unknown_python_argument_suggests_the_dotted_key() -> None:
    with pytest.raises(RequestError, match=r"did you mean train\.generator\.lr or"):
        flags({"lr": 1e-4})


def test_flags_add_components_to_sections_of_several() -> None:
    assert ADDING.keys() < NAMED_SECTIONS.keys()
    assert "write augment.NAME=true, or --augment NAME" in error_of("augment=flip")


class Weight(ganzoo.Options):
    weight: float = Field(1.0, ge=0, description="Weight.")


@pytest.fixture
def regularizing() -> Registry:
    """A registry with a regularizer, and a loss that recommends it."""
    registry = Registry.discover()
    made = ganzoo.RegularizerSpec(name="decay", summary="One.", factory=dict, options=Weight)
    loss = ganzoo.LossSpec(
        name="decaying", summary="One.", factory=dict, recommends={"regularize.decay.weight": 3.0}
    )
    registry.add_components([made, loss], Plugin("more", "ganzoo-more", "1"))
    return registry


def test_a_loss_recommends_a_regularizer_and_the_user_removes_or_changes_it(
    regularizing: Registry,
) -> None:
    def weights(*assignments: str) -> dict[str, float]:
        found = settings("loss=decaying", *assignments)
        chosen = Run.resolve(found, regularizing).regularize
        return {name: part.options.model_dump()["weight"] for name, part in chosen.items()}

    assert weights() == {"decay": 3.0}
    assert weights("regularize.decay=true") == {"decay": 3.0}
    assert weights("regularize.decay.weight=5") == {"decay": 5.0}
    assert weights("regularize.decay=false") == {}
    assert weights("loss=hinge") == {}
    assert weights("loss=hinge", "regularize.more/decay=true") == {"decay": 1.0}


def test_added_components_have_an_origin(regularizing: Registry) -> None:
    found = settings("loss=decaying", "augment.rotate.degrees=3")
    found.include("augment", "flip", "--augment flip")
    run = Run.resolve(found, regularizing)
    origins = {key: origin for key, _, origin in explain(run.tree(), run.origins)}
    assert origins["augment.flip.name"] == "--augment flip"
    assert origins["augment.rotate.name"] == "command line"
    assert origins["regularize.decay.name"] == origins["regularize.decay.weight"] == "loss decaying"
    assert list(run.components)[2:] == [
        "loss",
        "augment.rotate",
        "augment.flip",
        "regularize.decay",
    ]


def test_a_removed_component_of_a_run_stays_removed(regularizing: Registry) -> None:
    run = Run.resolve(settings("loss=decaying", "regularize.decay=false"), regularizing)
    stored = Settings()
    stored.add(run.tree(), "run.toml")
    assert Run.resolve(stored, regularizing, recommend=False).tree() == run.tree()
    assert run.tree()["regularize"] == {"decay": False}


def test_resolving_does_not_change_the_settings(regularizing: Registry) -> None:
    found = settings("loss=decaying", "augment.flip=true", "train.epochs=3", "seed=1")
    before = found.copy()
    first, again = (Run.resolve(found, regularizing) for _ in range(2))
    assert (found.values, found.origins) == (before.values, before.origins)
    assert first.tree() == again.tree()
    assert first.origins == again.origins
    assert first.origins["regularize.decay.weight"] == "loss decaying"


def test_a_run_from_its_own_file_has_no_component_that_was_turned_off() -> None:
    off = ("regularize.gradient-penalty=false", "observe.tensorboard=false")
    run = resolve("dataset=blossoms", "architecture=dcgan", "loss=wgan-gp", *off)
    assert "gradient-penalty" not in run.regularize
    again = Settings()
    again.add(run.tree(), "run.toml")
    same = Run.resolve(again)
    assert "gradient-penalty" not in same.regularize
    assert "tensorboard" not in same.observe
    assert same.tree() == run.tree()
