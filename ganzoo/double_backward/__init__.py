"""Gradients that are differentiated again, as those of a penalty, in fewer operations."""
