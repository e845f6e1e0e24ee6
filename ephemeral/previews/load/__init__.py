"""Load: requests at a steady rate, each with its arm, time and status."""

from ephemeral.previews.load.generate import generate
from ephemeral.previews.load.plan import LATE, Assigned, Destination, LoadPlan, LoadSummary, Routed, Target

__all__ = ["LATE", "Assigned", "Destination", "LoadPlan", "LoadSummary", "Routed", "Target", "generate"]
