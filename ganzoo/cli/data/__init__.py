"""``ganzoo data``: commands for images, without a run."""
