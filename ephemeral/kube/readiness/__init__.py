"""When objects count as ready, when they never will, and the wait for it."""
