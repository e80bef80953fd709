"""What a trained run gives: pictures and files."""
