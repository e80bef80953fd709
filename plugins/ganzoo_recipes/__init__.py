"""Recipes: settings files for five kinds of project, and the best ones of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable

from ganzoo import RecipeSpec, hookimpl


@hookimpl
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """Recipes that correspond to notebooks and scripts, and those that the leaderboard writes."""
    yield RecipeSpec(
        name="oxford-wgan",
        summary="Oxford Flowers at 64 x 64 pixels by DCGAN networks and the WGAN-GP loss.",
        settings="ganzoo_recipes/oxford-wgan.toml",
        reference="Corresponds to a notebook on a machine that may stop at any time, with frequent "
        "checkpoints; Gulrajani et al. 2017, arXiv 1704.00028, Algorithm 1",
        expects="The estimate of the Wasserstein distance falls as the images improve; flowers "
        "of many colors and shapes appear.",
    )
    yield RecipeSpec(
        name="flower-gan",
        summary="Flower photographs at 128 x 128 pixels by fully convolutional networks.",
        settings="ganzoo_recipes/flower-gan.toml",
        reference="Corresponds to a script whose generator has latents of the image's shape, "
        "strided convolutions, residual blocks and upsampling, trained for thousands of epochs; "
        "Goodfellow et al. 2014, arXiv 1406.2661, section 3",
        expects="Colors and outlines appear first, details much later; similar samples are a "
        "sign of mode collapse.",
    )
    yield RecipeSpec(
        name="dcgan-flowers",
        summary="Flowers at 64 x 64 pixels by a DCGAN with a latent vector of length 100.",
        settings="ganzoo_recipes/dcgan-flowers.toml",
        reference="Corresponds to a script with four modes that saves a grid of samples every "
        "epoch; Radford et al. 2015, arXiv 1511.06434",
        expects="Blobs in the colors of flowers appear in the first epochs, petals on a blurred "
        "green background later.",
    )
    yield RecipeSpec(
        name="custom-images",
        summary="Small images, such as MNIST or a folder, by fully connected networks that grow.",
        settings="ganzoo_recipes/custom-images.toml",
        reference="Corresponds to a script for a folder of images, with augmentation and k "
        "discriminator updates per generator update; Goodfellow et al. 2014, arXiv 1406.2661, "
        "Algorithm 1; growth: Karras et al. 2017, arXiv 1710.10196",
        expects="Strokes appear in the stages of small images. After 250,000 images of MNIST or "
        "Fashion-MNIST, three minutes on one core, digits and clothes can be recognized, with "
        "the noise that is typical of fully connected layers.",
    )
    yield RecipeSpec(
        name="in-the-wild",
        summary="Images from a list of URLs, packed into one HDF5 file, by a DCGAN.",
        settings="ganzoo_recipes/in-the-wild.toml",
        reference="Corresponds to a script that downloads a shop's 8,700 images of clothes with "
        "descriptions and trains from one file; Radford et al. 2015, arXiv 1511.06434",
        expects="Outlines on a plain background appear in the first epochs, then sleeves, legs "
        "and colors.",
    )
    yield RecipeSpec(
        name="flowers-best",
        summary="The best settings of the leaderboard for photographs at 32 x 32 pixels.",
        settings="ganzoo_recipes/flowers-best.toml",
        results="ganzoo_recipes/results/flowers-best.json",
        reference="The track flowers-32 of the leaderboard, examples/leaderboard: the entry with "
        "the lowest kid after the longest time that was measured",
        expects="Flowers that can be recognized, and meadows; small faults remain in most images.",
    )
    yield RecipeSpec(
        name="fast",
        summary="The best settings of the leaderboard for photographs, in ten minutes on one core "
        "of a CPU.",
        settings="ganzoo_recipes/fast.toml",
        results="ganzoo_recipes/results/fast.json",
        reference="The track flowers-32 of the leaderboard, examples/leaderboard: the entry with "
        "the lowest kid after ten minutes",
        expects="Flowers that can be recognized, after ten minutes on a laptop.",
    )
    yield RecipeSpec(
        name="small-folder",
        summary="A folder with some hundred images, in ten minutes on one core of a CPU.",
        settings="ganzoo_recipes/small-folder.toml",
        results="ganzoo_recipes/results/small-folder.json",
        reference="The track flowers-200 of the leaderboard, examples/leaderboard: the entry with "
        "the lowest kid after ten minutes",
        expects="Colors and some shapes of the images. With 200 photographs, kid was 0.43; a "
        "narrow dcgan had 0.50, and 1.12 without diffaugment.",
    )
    yield RecipeSpec(
        name="digits-best",
        summary="The best settings of the leaderboard for MNIST, in ten minutes on one core.",
        settings="ganzoo_recipes/digits-best.toml",
        results="ganzoo_recipes/results/digits-best.json",
        reference="The track digits-32 of the leaderboard, examples/leaderboard: the entry with "
        "the lowest kid after ten minutes",
        expects="Digits that can be read. If prdc/recall is near 0, the digits of a class look "
        "alike.",
    )
