"""Images in: from files and sources to batches."""
