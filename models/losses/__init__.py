"""Training losses beside mmpose's own."""
