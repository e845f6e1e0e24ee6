"""What is kept of a run: the timeline, and the bundle of a failure."""
