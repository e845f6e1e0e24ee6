"""What the user sees while work goes on: a live tree on a terminal, plain lines elsewhere, groups on GitHub."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from ephemeral.progress import Progress, Silent


def open_progress(*, quiet: bool = False) -> AbstractContextManager[Progress]:
    """Show progress on stderr, as long as the context lasts, in the way that fits where it goes; or not at all."""
    stream: TextIO | None = sys.stderr  # None when this process was started with it closed
    if quiet or stream is None:
        return nullcontext(Silent())
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from ephemeral.cli.progress_lines import GitHubLines

        return GitHubLines(stream)
    if _is_terminal(stream):
        from ephemeral.cli.progress_tree import Tree

        return Tree(stream)
    from ephemeral.cli.progress_lines import Lines

    return Lines(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed meanwhile
        return False
