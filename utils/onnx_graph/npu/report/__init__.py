"""What a check says: lines, JSON, a page."""
