"""Where a flower is in its image, and how it is turned to the viewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.randomness import Draws, Float


@dataclass(frozen=True)
class Pose:
    """A flower as a bowl, tilted: height ``cup * r ** 2`` over its plane, r in its own radii."""

    x: Float
    y: Float
    radius: Float
    """Position and size in units of the image's height, from its upper left corner."""
    direction: Float
    """The direction in which the flower leans, in radians."""
    tilt: Float
    """How far it leans, in radians: 0 faces the viewer."""
    cup: Float
    light: Float
    """The direction from which light comes, in radians."""

    @classmethod
    def sample(cls, draws: Draws) -> Pose:
        """A pose with the whole flower in the image, or all but the tips of its petals."""
        radius = draws.uniform(0.3, 0.46)
        room = (0.53 - radius).clip(0)
        return cls(
            x=0.5 + draws.uniform(-1, 1) * room,
            y=0.47 + draws.uniform(-1, 1) * room,
            radius=radius,
            direction=draws.uniform(0, 2 * np.pi),
            tilt=draws.uniform(0, 1) ** 1.5 * 0.7,
            cup=draws.uniform(-0.1, 0.28),
            light=-np.pi / 2 + draws.uniform(-1, 1),
        )

    def plane(self, x: Float, y: Float) -> tuple[Float, Float]:
        """The point (u, v) of the flower, in its radii, that is seen at (x, y) of the image."""
        x, y = (x - self.x) / self.radius, (y - self.y) / self.radius
        cos, sin = np.cos(self.direction), np.sin(self.direction)
        u, q = x * cos + y * sin, y * cos - x * sin
        # A point of the bowl is seen at q = v cos(tilt) + cup (u^2 + v^2) sin(tilt); solve for v.
        cos, rise = np.cos(self.tilt), self.cup * np.sin(self.tilt)
        q = q - rise * u * u
        return u, 2 * q / (cos + np.sqrt((cos * cos + 4 * rise * q).clip(0)))

    def to_light(self) -> tuple[Float, Float]:
        """The direction from which light comes, a unit vector in the axes of ``plane``."""
        angle = self.light - self.direction
        return np.cos(angle), np.sin(angle)

    def pixel(self, resolution: int) -> Float:
        """The size of a pixel in radii of the flower, on average over directions."""
        return np.float32(1 / resolution) / (self.radius * np.sqrt(np.cos(self.tilt)))
