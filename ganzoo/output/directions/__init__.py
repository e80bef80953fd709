"""Directions of a generator's latent space: found, saved in a file, shown and used."""
