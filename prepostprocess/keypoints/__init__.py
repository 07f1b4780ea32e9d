"""COCO's keypoints; heatmaps to keypoints, scores and similarity."""
