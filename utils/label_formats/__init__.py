"""What label tools write, as COCO annotations: one file a format."""
