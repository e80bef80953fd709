from __future__ import annotations

import gc
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo import Adversarial, Step, Terms
from ganzoo.training.checkpoint import Checkpoints
from tests.cli.conftest import Ganzoo


def test_the_dataset_may_be_a_path(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").touch()
    done = ganzoo_command("train", "pics", "dcgan", "hinge", "--dry-run")
    assert done.status == 0, done
    shown = {row.split()[0]: row.split()[1:] for row in done.out.splitlines()}
    assert shown["dataset.name"][0] == "image-folder/image-folder"
    assert shown["dataset.path"] == [str(tmp_path / "pics"), "command", "line"]
    assert shown["architecture.name"][0] == "dcgan/dcgan"


@pytest.mark.parametrize(
    ("what", "dataset"), [("./pics", "image-folder/image-folder"), ("mnist", "mnist/mnist")]
)
def test_a_dataset_or_a_path_is_enough_with_a_recipe(
    ganzoo_command: Ganzoo, tmp_path: Path, what: str, dataset: str
) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").touch()
    done = ganzoo_command("train", what, "--recipe", "dcgan-small", "--dry-run")
    assert done.status == 0, done
    shown = {row.split()[0]: row.split()[1] for row in done.out.splitlines()}
    assert shown["dataset.name"] == dataset
    assert shown["architecture.base_channels"] == "32"


def test_train_prints_the_run_folder(tiny_run: Ganzoo, tmp_path: Path) -> None:
    done = tiny_run()
    assert (done.status, done.out) == (0, "run\n")
    assert "step 2/2" in done.err
    assert (tmp_path / "run" / "checkpoints" / "step-0000002.pt").is_file()


def test_runs_without_a_name_are_numbered(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    arguments = ("--steps", 1, "--resolution", 8, "dataset.count=9", "train.batch_size=4")
    for number in (1, 2):
        done = ganzoo_command("train", "blossoms", "mlp", "lsgan", *arguments)
        assert done.out == f"runs/blossoms-mlp-lsgan-00{number}\n"


def test_dry_run_shows_each_setting_with_its_origin(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('loss = "hinge"\n[train]\nsteps = 77\n')
    done = ganzoo_command(
        *("train", "mine.toml", "dataset=blossoms", "architecture=dcgan", "--seed", 3),
        *("--augment", "rotate", "augment.rotate.degrees=5", "architecture=growing-mlp"),
        *("growth.batch_size.8=5", "--dry-run"),
    )
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert rows["train.steps"] == ["77", "mine.toml"]
    assert rows["seed"] == ["3", "command", "line"]
    assert rows["data.resolution"] == ["32", "dataset", "blossoms"]
    assert rows["growth.stable_images"] == ["60000", "architecture", "growing-mlp"]
    assert rows["growth.batch_size.8"] == ["5", "command", "line"]
    assert rows["train.generator.lr"] == ["0.0002", "default"]
    assert rows["augment.rotate.degrees"] == ["5.0", "command", "line"]
    assert rows["checkpoint.every"][1] == "default"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        ((), "length: 10,000 steps, 3,200,000 images; each step shows 320 images"),
        ((), "checkpoints: about 10, one every 1,000 steps; the newest 3 are kept"),
        ((), "evaluations during training: none"),
        (("--epochs", 5), "length: 5 epochs; the number of steps depends on the dataset's size"),
        (("--epochs", 5), "sample grids: one every 250 steps"),
        (("train.images=64000",), "length: 64,000 images"),
        (("train.images=64000", "checkpoint.every=50"), "checkpoints: about 4, one every 50"),
        (("evaluate.every=2 epochs",), "evaluations during training: one every 2 epochs"),
        (("train.max_time=2 hours",), "time limit: stops after 2 hours"),
    ],
)
def test_dry_run_prints_a_summary_of_the_run(
    ganzoo_command: Ganzoo, settings: tuple[object, ...], reported: str
) -> None:
    done = ganzoo_command("train", "flowers", "dcgan", "wgan-gp", *settings, "--dry-run")
    assert reported in done.err
    assert reported not in done.out


def test_dry_run_imports_no_torch() -> None:
    code = (
        "import sys; sys.argv = 'ganzoo train blossoms dcgan hinge --dry-run'.split()\n"
        "from ganzoo.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode
        == 0
    )


def test_run_toml_has_the_resolved_settings(tiny_run: Ganzoo, tmp_path: Path) -> None:
    tiny_run("run", "--augment", "flip", "augment.flip.probability=1")
    kept = tomllib.loads((tmp_path / "run" / "run.toml").read_text())
    assert kept["loss"] == {"name": "adversarial/hinge"}
    assert kept["augment"]["flip"]["name"] == "classic-augment/flip"
    assert kept["augment"]["flip"]["probability"] == 1.0
    assert kept["train"]["steps"] == 2


def test_an_existing_folder_is_refused_and_left_alone(tiny_run: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    assert "run exists already: name another folder with --run-dir" in tiny_run().error
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["blossoms", "dcgan"], "expected three names, DATASET ARCHITECTURE LOSS, not 2"),
        (
            [],
            "which dataset? Write `ganzoo train DATASET ARCHITECTURE LOSS`, dataset=NAME, or --re",
        ),
        (["blossoms"], "--recipe NAME, or --budget TIME, which chooses one"),
        (["blosoms", "dcgan", "hinge"], "no dataset called blosoms; did you mean blossoms?"),
        (["blossoms", "dcgan", "hinge", "trian.steps=5"], "no setting trian; did you mean train"),
        (["blossoms", "dcgan", "hinge", "train.steps=x"], "train.steps=x: input should be a valid"),
        (["blossoms", "dcgan", "hinge", "--steps", "x"], "--steps"),
        (["blossoms", "dcgan", "hinge", "--resolution", "50"], "50 x 50"),
        (["blossoms", "dcgan", "hinge", "--disable-plugin", "dcgna"], "did you mean dcgan?"),
        (["blossoms", "dcgan", "hinge", "--plugin", "mine.py"], "no plugin file"),
        (["blossoms", "dcgan", "hinge", "--augment", "flop"], "no augmentation called flop"),
        (
            ["blossoms", "dcgan", "hinge", "--augment", "flip,crop"],
            "--augment flip,crop: write --augment flip --augment crop",
        ),
        (["blossoms", "dcgan", "hinge", "--recipe", "wgan"], "no recipe called wgan"),
        (["nowhere.toml"], "there is no settings file nowhere.toml"),
        (["./nowhere", "dcgan", "hinge"], "no file or folder called ./nowhere in "),
        (["./a.text", "dcgan", "hinge"], "; did you mean a.txt?"),
        (["blossoms", "DCGAN", "hinge"], "no architecture called DCGAN; did you mean dcgan?"),
        (["blossoms", "fast"], "a recipe is written as --recipe NAME"),
        (["fast"], "no dataset called fast (but there is the recipe fast: --recipe fast)"),
        (["image-folder", "dcgan", "hinge"], "dataset.path=FOLDER"),
        (["image-folder", "dcgan", "hinge", "dataset.path=nowhere"], "nowhere"),
        (["image-folder", "dcgan", "hinge", "dataset.path=."], "no images in"),
        (["image-folder", "dcgan", "hinge", "dataset.path=a.txt"], "a.txt"),
        (["blossoms", "dcgan", "hinge", "--batch-size", "3", "--devices", "2"], "cannot be split"),
        (["blossoms", "mlp", "hinge", "--device", "cuda:99"], "train.device=cuda:99"),
        (["blossoms", "mlp", "hinge", "--device", "gpu"], "gpu: write auto, cpu, cuda, cuda:N or"),
        (["mnist", "mlp", "hinge", "dataset.path=."], "train-images-idx3-ubyte"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_request_is_a_one_line_error_and_creates_nothing(
    ganzoo_command: Ganzoo, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "a.txt").touch()
    assert message in ganzoo_command("train", *arguments).error
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_conditional_run_without_labels_is_refused(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    from PIL import Image

    (tmp_path / "pics").mkdir()
    Image.new("RGB", (16, 16), "red").save(tmp_path / "pics" / "a.png")
    done = ganzoo_command(
        *("train", "image-folder", "dcgan", "hinge", "dataset.path=pics", "--resolution", 8),
        "data.conditional=true",
    )
    assert "the images have no classes or values" in done.error


def test_arguments_override_a_recipe(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "recipes_of_mine"
    package.mkdir()
    (package / "small.toml").write_text(
        'dataset = "blossoms"\narchitecture = "mlp"\nloss = "lsgan"\n[train]\nsteps = 9\n'
    )
    (package / "__init__.py").write_text(
        "import ganzoo\n"
        "@ganzoo.hookimpl\n"
        "def ganzoo_recipes():\n"
        "    return [ganzoo.RecipeSpec(name='small', summary='Small.',"
        " settings='recipes_of_mine/small.toml')]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = ("--plugin", package / "__init__.py")
    done = ganzoo_command("train", "--recipe", "small", "--batch-size", 5, "--dry-run", *plugin)
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert rows["train.steps"] == ["9", "recipe", "small"]
    assert rows["train.batch_size"] == ["5", "command", "line"]
    assert rows["architecture.name"] == ["mlp/mlp", "recipe", "small"]


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (("train.images=13",), 2),
        (("train.images=1",), 1),
        (("train.epochs=0.5",), 2),
        (("train.steps=2", "train.batch_size=64"), 2),
        (("train.steps=2", "dataset.count=1"), 2),
        (("train.steps=2", "dataset.count=1", "train.batch_size=1"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_sizes_do_not_have_to_divide_each_other(
    ganzoo_command: Ganzoo, tmp_path: Path, settings: tuple[str, ...], steps: int
) -> None:
    done = ganzoo_command(
        *(
            "train",
            "blossoms",
            "mlp",
            "lsgan",
            "--run-dir",
            "run",
            "--resolution",
            8,
            "dataset.count=20",
        ),
        *("train.batch_size=8", "architecture.width=4", "sample.count=4", "--device", "cpu"),
        *settings,
    )
    assert done.status == 0, done.err
    assert (tmp_path / "run" / "checkpoints" / f"step-{steps:07}.pt").is_file()


@pytest.mark.parametrize(
    "name", ["two words", "bl\u00fcte \U0001f338", "x" * 200, "linked/run", "-dash"]
)
def test_a_run_folder_can_be_anywhere(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked").symlink_to("elsewhere")
    assert tiny_run(name).status == 0
    gone_on = ganzoo_command("resume", "--steps", 3, "--", name)
    assert (gone_on.status, gone_on.out) == (0, f"{name}\n"), gone_on.err
    assert ganzoo_command("generate", "--out", "made.png", "--", name).status == 0
    assert (tmp_path / name / "checkpoints" / "step-0000003.pt").is_file()


def test_a_run_folder_that_cannot_be_created_is_refused_before_images_are_prepared(
    ganzoo_command: Ganzoo, tmp_path: Path, own_cache: Path
) -> None:
    (tmp_path / "runs").symlink_to("/nowhere/runs")
    for more in ((), ("--run-dir", "runs/mine"), ("--budget", "1m")):
        refused = ganzoo_command("train", "blossoms", "dcgan", "hinge", *more).error
        expected = "runs is a link to a folder that does not exist: name another folder with"
        assert f"error: {expected} --run-dir" in refused
    assert not (own_cache / "prepared").exists()


def test_no_environment_variables_are_stored(
    tiny_run: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mostsecret")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:mostsecret@proxy.invalid")
    tiny_run()
    written = [file for file in (tmp_path / "run").rglob("*") if file.is_file()]
    assert len(written) > 5
    assert not [file for file in written if b"mostsecret" in file.read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system counts no open files")
def test_a_run_closes_its_files_and_threads(tiny_run: Ganzoo) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    tiny_run("first")
    before = held()
    for number in range(3):
        tiny_run(f"run{number}", "sample.every=1", "checkpoint.every=1")
    assert held() <= before


def test_out_of_memory_names_the_settings_to_lower(
    tiny_run: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, position: int) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to\nStack of C++")

    monkeypatch.setattr("ganzoo.training.adversarial.Adversarial.discriminator_terms", fail)
    done = tiny_run()
    assert done.status == 1
    line = done.err.splitlines()[-1]
    assert "you tried to; halve train.batch_size, or lower data.resolution or the" in line
    assert "Stack" not in line


def test_a_run_that_ends_out_of_memory_says_what_to_set_and_can_be_resumed(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator_terms = Adversarial.generator_terms

    def terms(self: Adversarial, step: Step) -> Terms:
        if step.step == 2:
            torch.empty(2**60)
        return generator_terms(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Adversarial, "generator_terms", terms)
        done = tiny_run("run", "--steps", 4, "checkpoint.every=1")
    assert done.status == 1
    line = done.err.splitlines()[-1]
    assert line.startswith("error: out of memory in step 3 (")
    remedy = "set train.batch_size=4, or train.accumulate=2, which keeps the batch of 8"
    assert f"resume from the newest checkpoint; {remedy}" in line
    resumed = ganzoo_command("resume", "run", "train.batch_size=4")
    assert (resumed.status, "train.batch_size 8 -> 4" in resumed.err) == (0, True)
    assert Checkpoints(Path("run/checkpoints"), 3).steps() == [4, 3, 2]


def test_a_run_in_the_image_folder_reports_skipped_images(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    for shade in range(8):
        Image.new("RGB", (16, 16), (shade * 30, 5, 9)).save(tmp_path / f"{shade}.png")
    (tmp_path / "layers.psd").touch()
    words = (
        *("train", "image-folder", "mlp", "lsgan", "dataset.path=.", "--resolution", 8),
        *("--steps", 1, "--batch-size", 4),
    )
    runs = [ganzoo_command(*words, "--run-dir", f"runs/{number}") for number in (1, 2)]
    said = "left out 1 folder of runs and their files: runs/1"
    assert all("left out 1 file: 1 .psd" in run.err for run in runs)
    assert [said in run.err for run in runs] == [False, True]
    assert ["preparing" in run.err for run in runs] == [True, False]
    packed = ganzoo_command(
        *("data", "pack", "image-folder", "dataset.path=.", "--resolution", 8, "--out", "x.npz")
    )
    assert "left out 2 folders of runs" in packed.err
    inspected = ganzoo_command("data", "inspect", "image-folder", "dataset.path=.").out
    assert "image-folder: 8 images\nleft out 2 files: 1 .psd, 1 .npz" in inspected


def test_a_dry_run_draws_schedules(ganzoo_command: Ganzoo) -> None:
    words = ("train", "blossoms", "dcgan", "wgan-gp", "--dry-run")
    cosine = "train.generator.lr=2e-4 -> 0 cosine"
    waiting = "regularize.drift.weight=constant 1 for 32000 images then 1 -> 0 linear"
    shown = ganzoo_command(*words, cosine, waiting, "--steps", 200)
    assert shown.status == 0, shown.err
    assert "2e-4 -> 0 cosine" in shown.out
    lines = [line for line in shown.err.splitlines() if "->" in line]
    assert lines == [
        "regularize.drift.weight: constant 1 for 32000 images then 1 -> 0 linear  "
        "█████████████▇▆▆▅▅▄▃▃▂▂▁  (1 to 0)",
        "train.generator.lr: 2e-4 -> 0 cosine  ████▇▇▇▇▆▆▅▅▄▄▃▃▂▂▂▂▁▁▁▁  (0.0002 to 0)",
    ]
    unknown = ganzoo_command(*words, cosine, waiting, "--epochs", 3).err.splitlines()
    assert "regularize.drift.weight: constant 1 for 32000 images then 1 -> 0 linear" in unknown
    assert lines[1] in unknown


def test_a_run_to_start_from_must_exist(tiny_run: Ganzoo, tmp_path: Path) -> None:
    error = tiny_run("run", "--init-from", "missing").error
    missing = f"there is no run folder {tmp_path / 'missing'}"
    remedy = "name another run folder or checkpoint"
    assert error.startswith(f"error: train.init_from: {missing}; ")
    assert error.endswith(remedy)
    assert not (tmp_path / "run").exists()
