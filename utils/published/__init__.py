"""Published weights by name: what there is, fetching it, finding it."""
