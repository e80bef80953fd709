"""Recipes: whole kinds of project, each as one settings file."""

from __future__ import annotations

from collections.abc import Iterable

from ganzoo import Recipe, hookimpl


@hookimpl
def ganzoo_recipes() -> Iterable[Recipe]:
    """Five kinds of notebook and script that many people have written for themselves."""
    yield Recipe(
        name="oxford-wgan",
        summary="Oxford flowers of 64 pixels by a Wasserstein GAN with gradient penalty.",
        settings="ganzoo_recipes/oxford-wgan.toml",
        reference="Like a notebook on a machine that may go away, which therefore saves often; "
        "Gulrajani et al. 2017, arXiv 1704.00028, Algorithm 1",
        expects="The critic's estimate of the distance falls as the pictures get better: look for "
        "flowers of many colours and kinds.",
    )
    yield Recipe(
        name="flower-gan",
        summary="Flower photographs of 128 pixels by a deep GAN that consists of convolutions.",
        settings="ganzoo_recipes/flower-gan.toml",
        reference="Like a script that sends noise in the picture's shape through strided "
        "convolutions, residual blocks and upsampling, for thousands of epochs; Goodfellow et al. "
        "2014, arXiv 1406.2661, section 3",
        expects="Look for colours and outlines first, and for detail much later; pictures that "
        "become alike on one sheet are a sign of collapse.",
    )
    yield Recipe(
        name="dcgan-flowers",
        summary="Flowers of 64 x 64 pixels in colour by a DCGAN of 100 latents.",
        settings="ganzoo_recipes/dcgan-flowers.toml",
        reference="Like a script in several modes, which draws a sheet of samples every epoch; "
        "Radford et al. 2015, arXiv 1511.06434",
        expects="Look for blobs of a flower's colours in the first epochs, and for petals before "
        "a blurred green later.",
    )
    yield Recipe(
        name="custom-images",
        summary="Small pictures, MNIST or your own, by fully connected layers that grow.",
        settings="ganzoo_recipes/custom-images.toml",
        reference="Like a script for a folder of one's own pictures, with augmentation and k steps "
        "of the discriminator for one of the generator; Goodfellow et al. 2014, arXiv 1406.2661, "
        "Algorithm 1; growth: Karras et al. 2017, arXiv 1710.10196",
        expects="Look for strokes while pictures are small. After 250,000 of MNIST's digits or "
        "clothes, three minutes on one core, one can tell which is which, speckled as dense layers "
        "draw them.",
    )
    yield Recipe(
        name="in-the-wild",
        summary="Pictures from a list of addresses, packed into one HDF5 file, by a DCGAN.",
        settings="ganzoo_recipes/in-the-wild.toml",
        reference="Like a script that fetches a shop's 8,700 pictures of clothes, with what they "
        "show in words, and trains from one file of them; Radford et al. 2015, arXiv 1511.06434",
        expects="Look for outlines on a plain background in the first epochs, then for sleeves, "
        "legs and colours.",
    )
