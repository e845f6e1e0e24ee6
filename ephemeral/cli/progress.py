"""What the user sees while work goes on: a live tree on a terminal, plain lines elsewhere, groups on GitHub."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ephemeral.progress import Progress


@contextmanager
def open_progress() -> Iterator[Progress]:
    """Show progress on stderr in the way that fits where it goes."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from ephemeral.cli.progress_lines import GitHubLines

        yield GitHubLines(sys.stderr)
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from ephemeral.cli.progress_tree import LiveTree

        with LiveTree() as tree:
            yield tree
    else:
        from ephemeral.cli.progress_lines import Lines

        yield Lines(sys.stderr)
