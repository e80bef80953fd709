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
        """Write a title at the top, a long one in several lines, and smaller lines below."""
        size = max(self.canvas.fitting(title, _TITLE, self.width, bold=True), _TITLE / 2)
        for line in self.canvas.wrapped(title, size, self.width, bold=True):
            self.canvas.write(line, self.left, self.top, size, bold=True)
            self.top += size * 1.3 * self.unit
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

    def add_facts(self, facts: Sequence[Fact]) -> None:
        """Write numbers at the bottom, in as few lines as they need, below a line."""
        per_line = self._facts_per_line(facts)
        for start in reversed(range(0, len(facts), per_line)):
            self._add_facts(facts[start : start + per_line], per_line, len(facts) > per_line)
        self.canvas.line(self.left, self.bottom, self.width)
        self.bottom -= SPACE * 0.7 * self.unit

    def _facts_per_line(self, facts: Sequence[Fact]) -> int:
        widths, gap = [self._width_of(fact) for fact in facts], 2 * self.unit
        if sum(widths) + gap * (len(widths) - 1) <= self.width:
            return len(facts)
        return max(1, int((self.width + gap) // (max(widths) + gap)))

    def _width_of(self, fact: Fact) -> float:
        return max(self.canvas.width(fact.value, _VALUE), self.canvas.width(fact.label, LABEL))

    def _add_facts(self, facts: Sequence[Fact], per_line: int, in_table: bool) -> None:
        """Write a line of numbers; in a table, at equal distances."""
        widths = [self._width_of(fact) for fact in facts]
        free = (self.width - sum(widths)) / max(1, len(facts) - 1)
        top = self.bottom - (_VALUE * 1.25 + LABEL) * self.unit
        x = self.left
        for number, (fact, width) in enumerate(zip(facts, widths, strict=True)):
            if in_table:
                x = self.left + number * self.width / per_line
            self.canvas.write(fact.value, x, top, _VALUE)
            self.canvas.write(fact.label, x, top + _VALUE * 1.25 * self.unit, LABEL, faint=True)
            x += width + free
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
