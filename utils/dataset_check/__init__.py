"""The one check of a data set: all faults of a file at once, each with examples, cause and cure."""
