"""Declaration of an architecture; its networks are imported when they are used."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, hookimpl


class SnganOptions(Options):
    """The size of both networks."""

    base_channels: int = Field(64, ge=1, le=1024, description="Feature maps of every layer.")
    latent_dim: int = Field(128, ge=1, le=4096, description="Length of the latents.")


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="sngan",
            summary="Small residual networks with spectral normalization, of any image size that "
            "can be halved.",
            factory="ganzoo_sngan.networks:build",
            options=SnganOptions,
            conditions=("class", "classes", "vector"),
            reference="Miyato et al. 2018, arXiv 1802.05957; conditions as in Miyato & Koyama "
            "2018, arXiv 1802.05637",
        )
    ]
