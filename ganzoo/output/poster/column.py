"""A column of a poster: text, numbers and images during training, from both ends to the middle."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.output.poster.canvas import Canvas
from ganzoo.output.poster.facts import Fact
from ganzoo.output.poster.history import Moment

# All in units of the canvas.
GAP = 0.5
"""Between images."""
SPACE = 3.2
"""Between parts."""
LABEL = 1.5
_TITLE, _SUBTITLE, _HEADING, _NOTE, _VALUE = 6.4, 2.1, 1.9, 1.35, 2.9
_FEWEST_COLUMNS = 5
"""Images of fewer steps are not made larger."""


class Column:
    """The free part of a column, in pixels; each part that is drawn makes it smaller."""

    def __init__(
        self, canvas: Canvas, left: float, top: float, width: float, height: float
    ) -> None:
        self.canvas = canvas
        self.unit = canvas.unit
        self.left = left
        self.width = width
        self.top = top
        self.bottom = top + height

    @property
    def height(self) -> float:
        """What is free."""
        return self.bottom - self.top

    def add_header(self, title: str, subtitle: str) -> None:
        """Write a title at the top, and smaller lines below."""
        size = self.canvas.fitting(title, _TITLE, self.width, bold=True)
        self.canvas.write(title, self.left, self.top, size, bold=True)
        self.top += size * 1.35 * self.unit
        for line in self.canvas.wrapped(subtitle, _SUBTITLE, self.width):
            self.canvas.write(line, self.left, self.top, _SUBTITLE, faint=True)
            self.top += _SUBTITLE * 1.3 * self.unit
        self.top += SPACE * 0.9 * self.unit

    def add_note(self, text: str) -> None:
        """Write small lines at the bottom."""
        for line in reversed(self.canvas.wrapped(text, _NOTE, self.width)):
            self.canvas.write(line, self.left, self.bottom, _NOTE, faint=True, anchor="ls")
            self.bottom -= _NOTE * 1.35 * self.unit
        self.bottom -= SPACE * 0.7 * self.unit

    def add_facts(self, facts: Sequence[Fact], per_line: int) -> None:
        """Write numbers side by side at the bottom, below a line."""
        starts = range(0, len(facts), per_line)
        for start in reversed(starts):
            self._add_facts(facts[start : start + per_line], per_line)
        self.canvas.line(self.left, self.bottom, self.width)
        self.bottom -= SPACE * 0.7 * self.unit

    def _add_facts(self, facts: Sequence[Fact], per_line: int) -> None:
        canvas = self.canvas
        widths = [max(canvas.width(f.value, _VALUE), canvas.width(f.label, LABEL)) for f in facts]
        narrowest = 2 * self.unit
        needed = sum(widths) + narrowest * (len(facts) - 1)
        factor = min(1.0, self.width / needed)
        free = self.width - factor * sum(widths)
        even = per_line > len(facts) or len(facts) < 3  # as in a table
        top = self.bottom - (_VALUE * 1.25 + LABEL) * factor * self.unit
        x = self.left
        for number, (fact, width) in enumerate(zip(facts, widths, strict=True)):
            if even:
                x = self.left + number * self.width / per_line
            canvas.write(fact.value, x, top, _VALUE * factor)
            below = top + _VALUE * 1.25 * factor * self.unit
            canvas.write(fact.label, x, below, LABEL * factor, faint=True)
            x += width * factor + free / max(1, len(facts) - 1)
        self.bottom = top - SPACE * 0.6 * self.unit

    def add_history(self, moments: Sequence[Moment], aspect: float) -> None:
        """Draw a column of images for each step at the bottom, with a heading."""
        columns, rows = max(len(moments), _FEWEST_COLUMNS), len(moments[0].images)
        gap = GAP * self.unit
        width = (self.width - gap * (columns - 1)) / columns
        height = width / aspect
        self.bottom -= rows * (height + gap) + LABEL * 1.3 * self.unit
        for number, moment in enumerate(moments):
            x = self.left + number * (width + gap)
            for row, image in enumerate(moment.images):
                self.canvas.paste(image, x, self.bottom + row * (height + gap), width, height)
            text = f"step {moment.step:,}"
            size = self.canvas.fitting(text, LABEL, width)
            below = self.bottom + rows * (height + gap) + gap
            self.canvas.write(text, x + width / 2, below, size, faint=True, anchor="ma")
        self.bottom -= _HEADING * 1.7 * self.unit
        self.canvas.write("The same latents during training", self.left, self.bottom, _HEADING)
        self.bottom -= SPACE * self.unit
