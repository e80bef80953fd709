"""Evaluation of generated images: sets of real and generated images, compared by metrics."""
