"""Stand-in for xtcocotools: its interface as mmpose 1.1.0 uses it, computed with NumPy.

Annotation files and masks are read by faster-coco-eval; keypoints are compared here, of all images
at once.
"""
