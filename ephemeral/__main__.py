"""`python -m ephemeral` is `ephemeral`."""

from ephemeral.cli import main

main()
