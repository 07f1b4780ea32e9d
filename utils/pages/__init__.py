"""HTML pages that stand alone: one file, no script, no link to elsewhere, pictures inside."""
