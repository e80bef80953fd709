"""What a trained run gives: images and files."""
