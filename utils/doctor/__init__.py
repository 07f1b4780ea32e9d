"""What tools/doctor.py does with a data set: all checks in a row, cures, predictions, a page."""
