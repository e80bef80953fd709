"""What is said of options that do not exist, and of arguments that are missing."""

from __future__ import annotations

from typing import Any

_FOLDER = "--run-dir FOLDER"
_IMAGES = "the path of the images, or the name of a dataset, as the first argument"
_FILE = "the path of the settings file, without an option"
_OF_OTHERS = {
    "gpu": "--device cuda",
    **dict.fromkeys(("gpus", "num_gpus", "ngpu"), "--devices N"),
    **dict.fromkeys(("data", "data_dir", "data_path", "dataroot", "dataset", "images"), _IMAGES),
    **dict.fromkeys(("out", "outdir", "out_dir", "output", "output_dir", "results_dir"), _FOLDER),
    **dict.fromkeys(("name", "save_dir", "logdir", "log_dir"), _FOLDER),
    **dict.fromkeys(("cfg", "config"), _FILE),
    **dict.fromkeys(("image_size", "img_size", "imsize", "size"), "--resolution PIXELS"),
    **dict.fromkeys(("batch", "batchsize", "bs"), "--batch-size N"),
    **dict.fromkeys(("epoch", "n_epochs", "num_epochs", "niter"), "--epochs N"),
    **dict.fromkeys(("iters", "iterations", "num_train_steps", "total_steps"), "--steps N"),
    "kimg": "train.images=N, where 1 kimg is 1000",
    **dict.fromkeys(("mirror", "flip"), "--augment flip"),
    "aug": "--augment NAME",
    **dict.fromkeys(("arch", "architecture", "model"), "architecture=NAME"),
    "loss": "loss=NAME",
    **dict.fromkeys(("amp", "fp16"), "--precision bf16"),
    **dict.fromkeys(("snap", "save_every"), "checkpoint.every=STEPS"),
    **dict.fromkeys(
        ("resume", "ckpt", "load_from"),
        "`ganzoo resume RUN` to continue a run, or --init-from RUN to start from its weights",
    ),
}
"""What to write instead of options that other programs have."""


def usage_message(error: Any) -> str:
    """The message of a usage error in one line, with what to write instead if that is known."""
    from ganzoo.cli.keys import suggest_setting

    option = getattr(error, "option_name", None)
    command = error.ctx.command_path if error.ctx else "ganzoo"
    if option and command in ("ganzoo train", "ganzoo sweep", "ganzoo bench"):
        instead = _OF_OTHERS.get(option.lstrip("-").replace("-", "_").lower())
        if instead:
            return f"{error.message}; write {instead}"
    message: str = error.format_message()
    if hasattr(error, "param_type"):  # a parameter is missing
        return f"{message.rstrip('.')}: `{command} --help` shows what to write"
    if message.startswith("No such command") and "mean" not in message:
        return f"{message.rstrip('.')}: `{command} --help` lists the commands"
    return message + suggest_setting(option)
