"""Labels in MATLAB files: one file a data set."""
