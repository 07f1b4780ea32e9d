"""COCO's and MPII's metrics."""
