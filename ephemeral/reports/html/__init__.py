"""One page for people: complete in itself, without scripts, for phones and dark rooms, too."""

from ephemeral.reports.html.page import render
from ephemeral.reports.html.section import Section

__all__ = ["Section", "render"]
