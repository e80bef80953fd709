"""Pictures in: from files and sources to batches."""
