"""A data set of one's own, as one file describes it."""
