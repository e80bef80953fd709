"""The position and orientation of a flower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.randomness import Draws, Float

MIN_RADIUS, MAX_RADIUS = 0.3, 0.46


@dataclass(frozen=True)
class Pose:
    """A tilted bowl of height ``curvature * r ** 2`` above its plane, r in radii of the flower."""

    x: Float
    y: Float
    radius: Float
    """Position, from the upper left corner, and size, in units of the image's height."""
    direction: Float
    """The direction in which the flower leans, in radians."""
    tilt: Float
    """How far it leans, in radians: 0 faces the viewer."""
    curvature: Float
    light: Float
    """The direction from which light comes, in radians."""

    @classmethod
    def sample(cls, draws: Draws) -> Pose:
        """A random pose: only the tips of petals may be outside the image."""
        radius = draws.uniform(MIN_RADIUS, MAX_RADIUS)
        margin = (0.53 - radius).clip(0)
        return cls(
            x=0.5 + draws.uniform(-1, 1) * margin,
            y=0.47 + draws.uniform(-1, 1) * margin,
            radius=radius,
            direction=draws.uniform(0, 2 * np.pi),
            tilt=draws.uniform(0, 1) ** 1.5 * 0.7,
            curvature=draws.uniform(-0.1, 0.28),
            light=-np.pi / 2 + draws.uniform(-1, 1),
        )

    def plane(self, x: Float, y: Float) -> tuple[Float, Float]:
        """The point (u, v) of the flower, in its radii, at the point (x, y) of the image."""
        x, y = (x - self.x) / self.radius, (y - self.y) / self.radius
        cos, sin = np.cos(self.direction), np.sin(self.direction)
        u, q = x * cos + y * sin, y * cos - x * sin
        # A point of the bowl is at q = v cos(tilt) + curvature (u^2 + v^2) sin(tilt); solve for v.
        cos, rise = np.cos(self.tilt), self.curvature * np.sin(self.tilt)
        q = q - rise * u * u
        return u, 2 * q / (cos + np.sqrt((cos * cos + 4 * rise * q).clip(0)))

    def to_light(self) -> tuple[Float, Float]:
        """The direction from which light comes, a unit vector in the coordinates of ``plane``."""
        angle = self.light - self.direction
        return np.cos(angle), np.sin(angle)

    def pixel(self, resolution: int) -> Float:
        """The size of a pixel in radii of the flower, on average over directions."""
        return np.float32(1 / resolution) / (self.radius * np.sqrt(np.cos(self.tilt)))
