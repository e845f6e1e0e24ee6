"""Measured against the peers in the same run; ratios, never absolute times."""
