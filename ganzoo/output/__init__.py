"""What is made from a trained run: images, animations, evaluations and reports."""
