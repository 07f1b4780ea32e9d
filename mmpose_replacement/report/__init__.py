"""What is written about a training: its curves, and its page."""
