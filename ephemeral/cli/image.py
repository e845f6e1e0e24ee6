"""`ephemeral image`: images of this machine for an environment."""

import click

from ephemeral.cli.named import find_environment, name_option
from ephemeral.spec.archives import RULE


@click.group()
def image() -> None:
    """Load images of this machine into an environment."""


@image.command(
    help="Load images, so that pods find them without a registry, and print their names.\n\n"
    "IMAGE is the path of an archive (what docker save, podman save or buildah write, or an OCI directory), or the "
    f"name of an image that docker, podman or nerdctl has. It is a path if it {RULE}, or if an archive lies there."
)
@name_option
@click.option("--as", "wanted", metavar="IMAGE", default="", help="The name to give it; for one archive of one image.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
def load(*, name: str, wanted: str, images: tuple[str, ...]) -> None:
    """Load all, one after another."""
    if wanted and len(images) > 1:
        raise click.UsageError("--as names one image, but several are given.")
    from ephemeral.images.saved import archive_of

    environment = find_environment(name)
    for text in images:
        with archive_of(text) as (path, called):
            for loaded in environment.load_image(path, wanted or called):
                click.echo(loaded)
