"""A poster: one large image of what a generator makes, how it was trained, and its numbers."""
