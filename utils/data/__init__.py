"""Making, checking and converting person keypoint data."""
