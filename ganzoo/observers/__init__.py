"""What a run tells while it trains: to the terminal, to TensorBoard, to files."""
