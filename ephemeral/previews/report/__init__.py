"""What people see of a preview: pictures of its load and its verdict."""

from ephemeral.previews.report.folder import draw_records
from ephemeral.previews.report.mermaid import charts
from ephemeral.previews.report.page import section, write_page
from ephemeral.previews.report.png import write_png

__all__ = ["charts", "draw_records", "section", "write_page", "write_png"]
