"""Images that are on this machine: read archives of them, check them, and load them into containerd."""

from ephemeral.images.archive import Archive, Image, read_archive
from ephemeral.images.load import load
from ephemeral.images.names import normalize
from ephemeral.images.overrides import Import, prepare, split_images

__all__ = ["Archive", "Image", "Import", "load", "normalize", "prepare", "read_archive", "split_images"]
