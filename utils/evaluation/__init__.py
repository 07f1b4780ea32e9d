"""Landmark files, COCO result files, their comparison and its report."""
