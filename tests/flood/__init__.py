"""A forum of real nodes under a flood."""
