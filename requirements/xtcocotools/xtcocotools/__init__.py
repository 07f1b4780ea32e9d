"""Stand-in for xtcocotools: its interface as mmpose 1.1.0 uses it, computed by faster-coco-eval."""
