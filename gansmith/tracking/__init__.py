"""A run shown by the trackers of others, from what its folder holds."""
