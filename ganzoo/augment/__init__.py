"""Sampled transformations of pictures: one warp, one colour matrix, then pixel operations."""
