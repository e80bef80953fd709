"""The files that ``ganzoo project`` writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import tensor_file
from ganzoo.errors import RequestError
from ganzoo.output import animation, files
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.projection import Projection
from ganzoo.output.projection_video import way_frames
from ganzoo.output.saved_latents import SavedLatents
from ganzoo.overwriting import check_no_input


class ProjectionFiles(NamedTuple):
    """The paths of these files."""

    out: Path
    """An image: each row is a given image and its projection."""
    latents: Path | None
    video: Path | None
    """Of the way to the projections."""

    def check(self, inputs: Sequence[Path], *, force: bool) -> None:
        """Raise RequestError unless all of them can be written, and none of them is read."""
        files.check_free(self.out, force=force)
        if self.latents is not None:
            tensor_file.check_free(self.latents, force=force, option="--latents")
        if self.video is not None:
            animation.check_free(self.video, force=force, option="--video")
            if self.video.resolve() == self.out.resolve():
                raise RequestError(f"{self.out} is named twice: choose another name for --video")
        for field, path in self._asdict().items():
            if path is not None:
                check_no_input(path, inputs, f"--{field}")

    def write(
        self,
        space: LatentSpace,
        images: Sequence[Tensor],
        projections: Sequence[Projection],
        source: Path,
    ) -> None:
        """Write all of them; ``source`` is the run, for the file of latents."""
        generated = torch.stack([each.image for each in projections])
        files.save_side_by_side(torch.stack(list(images)), generated[:, None], self.out)
        if self.latents is not None:
            points = torch.stack([each.point for each in projections])
            conditions = [each.condition for each in projections if each.condition is not None]
            stacked = torch.stack(conditions) if conditions else None
            notes = {"source": str(source)}
            SavedLatents(space.name, points, stacked, notes).save(self.latents)
        if self.video is not None:
            animation.write(way_frames(space, images, projections), self.video, fps=20)
