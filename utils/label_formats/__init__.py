"""Labels of tools and data sets, as COCO annotations: one file a format."""
