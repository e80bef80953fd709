"""Recipes: settings files of five kinds of project."""

from __future__ import annotations

from collections.abc import Iterable

from ganzoo import RecipeSpec, hookimpl


@hookimpl
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """Recipes after five kinds of notebook and script."""
    yield RecipeSpec(
        name="oxford-wgan",
        summary="Oxford flowers of 64 pixels by a Wasserstein GAN with gradient penalty.",
        settings="ganzoo_recipes/oxford-wgan.toml",
        reference="After a notebook on a machine that may be taken away, so it saves often; "
        "Gulrajani et al. 2017, arXiv 1704.00028, Algorithm 1",
        expects="The critic's estimate of the Wasserstein distance falls as the images improve; "
        "flowers of many colors and kinds appear.",
    )
    yield RecipeSpec(
        name="flower-gan",
        summary="Flower photographs of 128 pixels by a deep fully convolutional GAN.",
        settings="ganzoo_recipes/flower-gan.toml",
        reference="After a script whose latents have the image's shape and go through strided "
        "convolutions, residual blocks and upsampling, for thousands of epochs; Goodfellow et al. "
        "2014, arXiv 1406.2661, section 3",
        expects="Colors and outlines appear first, detail much later; samples that become alike "
        "are a sign of mode collapse.",
    )
    yield RecipeSpec(
        name="dcgan-flowers",
        summary="Flowers of 64 x 64 pixels by a DCGAN with 100 latents.",
        settings="ganzoo_recipes/dcgan-flowers.toml",
        reference="After a script with four modes, which saves a grid of samples every epoch; "
        "Radford et al. 2015, arXiv 1511.06434",
        expects="Blobs of a flower's colors appear in the first epochs, petals on a blurred "
        "green later.",
    )
    yield RecipeSpec(
        name="custom-images",
        summary="Small images, MNIST or your own, by fully connected layers that grow.",
        settings="ganzoo_recipes/custom-images.toml",
        reference="After a script for a folder of images, with augmentation and k discriminator "
        "updates per generator update; Goodfellow et al. 2014, arXiv 1406.2661, "
        "Algorithm 1; growth: Karras et al. 2017, arXiv 1710.10196",
        expects="Strokes appear while images are small. After 250,000 images of MNIST or "
        "Fashion-MNIST, three minutes on one core, digits and clothes can be recognized, with "
        "the noise that fully connected layers leave.",
    )
    yield RecipeSpec(
        name="in-the-wild",
        summary="Images from a list of addresses, packed into one HDF5 file, by a DCGAN.",
        settings="ganzoo_recipes/in-the-wild.toml",
        reference="After a script that downloads a shop's 8,700 images of clothes with "
        "descriptions and trains from one file; Radford et al. 2015, arXiv 1511.06434",
        expects="Outlines on a plain background appear in the first epochs, then sleeves, legs "
        "and colors.",
    )
