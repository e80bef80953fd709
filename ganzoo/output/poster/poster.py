"""Poster: the best images of a generator, its images during training, and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ganzoo.output.poster import facts
from ganzoo.output.poster.best_images import Progress
from ganzoo.output.poster.canvas import Canvas, ThemeName
from ganzoo.output.poster.column import SPACE, Column
from ganzoo.output.poster.generated import Choice, draw_images
from ganzoo.output.poster.history import Moment, history
from ganzoo.output.poster.paper import Paper
from ganzoo.output.trained import TrainedRun
from ganzoo.output.trained_generator import TrainedGenerator

_MARGIN = 6.0
"""Units of the canvas."""
_TEXT_WIDTH = 0.33
"""The part of a landscape's width that has the text."""
_HISTORY = {True: (6, 4), False: (10, 3)}
"""The number of steps and of latents; of a landscape, and of others."""


@dataclass(frozen=True)
class Poster:
    """What a poster shows, and how."""

    paper: Paper = field(default_factory=Paper)
    theme: ThemeName = "light"
    font: Path | None = None
    """A font file; ``None`` for Pillow's default font."""
    repeat_pixels: bool = False
    """Whether images are enlarged by repeating pixels; else they are interpolated."""
    title: str | None = None
    choice: Choice = field(default_factory=Choice)

    def draw(
        self, trained: TrainedGenerator, progress: Progress = lambda done, more: None
    ) -> Image.Image:
        """The poster as an RGB image of the paper's size.

        ``progress`` is called for each batch of generated images.
        """
        canvas = Canvas(self.paper, self.theme, self.font, repeat_pixels=self.repeat_pixels)
        text = self._column(canvas, _TEXT_WIDTH if self.paper.is_landscape else 1.0)
        text.add_header(self.title or trained.heading, facts.subtitle(trained))
        text.add_note(facts.note(trained, self.choice.best_of, self.choice.text))
        text.add_facts(facts.facts(trained))
        if moments := self._history(trained):
            text.add_history(moments, trained.data_image_shape.aspect)
        images = self._images_column(canvas, text)
        draw_images(trained, self.choice, images, progress)
        return canvas.image

    def _history(self, trained: TrainedGenerator) -> list[Moment]:
        if not isinstance(trained, TrainedRun):
            return []
        return history(trained, *_HISTORY[self.paper.is_landscape])

    @staticmethod
    def _column(canvas: Canvas, part: float) -> Column:
        """The left part of the page, without margins."""
        margin = _MARGIN * canvas.unit
        width, height = (side - 2 * margin for side in canvas.image.size)
        return Column(canvas, margin, margin, width * part, height)

    def _images_column(self, canvas: Canvas, text: Column) -> Column:
        """What is free for images: beside the text of a landscape, else below its header."""
        if not self.paper.is_landscape:
            return text
        whole = self._column(canvas, 1.0)
        left = text.left + text.width + 1.5 * SPACE * canvas.unit
        return Column(canvas, left, whole.top, whole.left + whole.width - left, whole.height)
