"""What inference.py and inference_e2e.py do with images, folders and videos."""
