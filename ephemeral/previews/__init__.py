"""Previews: baseline and candidate of one app side by side, under load, with a verdict."""
