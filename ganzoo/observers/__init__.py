"""Observers of a training run: progress on the console, TensorBoard, files in the run folder."""
