"""Random transformations of images: one warp, one color matrix, then pixel operations."""
