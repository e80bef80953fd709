"""A transport term for a generator whose latents have the shape of its images."""

from pydantic import Field

from ganzoo import Options, RegularizerSpec, Step, Terms, hookimpl


class TransportOptions(Options):
    """Options of the transport term."""

    weight: float = Field(0.2, ge=0, le=1e6, description="Weight of the term.")


class Transport:
    """weight / n E[||G(z) - z||_2^2] with n values in an image.

    Among all generators of the same images, it is least for the optimal transport from latents to
    images (Lin et al. 2025, arXiv 2511.22475).
    """

    network = "generator"
    every = 1
    independent_scores = False

    def __init__(self, options: TransportOptions) -> None:
        self.weight = options.weight

    def terms(self, step: Step) -> Terms:
        """The term, named ``transport``."""
        images, latents = step.fake.images, step.fake.latents
        if latents.shape != images.shape:
            raise ValueError(
                f"the transport term needs latents of the shape {tuple(images.shape)} of the "
                f"images, not {tuple(latents.shape)}"
            )
        return {"transport": self.weight * (images - latents).square().mean()}


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """One regularizer."""
    return [
        RegularizerSpec(
            name="transport",
            summary="Generated images stay close to their latents.",
            factory=Transport,
            options=TransportOptions,
            reference="Lin et al. 2025, arXiv 2511.22475",
        )
    ]
