"""Plans a run for a set of images and an amount of time: the recipe, the size, the length."""
