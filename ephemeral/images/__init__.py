"""Images that are on this machine: read archives of them, check them, and load them into containerd."""

from ephemeral.images.archive import Archive, Image, read_archive
from ephemeral.images.ctr import ctr_argv
from ephemeral.images.load import load, load_commands
from ephemeral.images.names import normalize
from ephemeral.images.overrides import Import, is_loaded, override_names, prepare, read_imports, split_images

__all__ = [
    "Archive",
    "Image",
    "Import",
    "ctr_argv",
    "is_loaded",
    "load",
    "load_commands",
    "normalize",
    "override_names",
    "prepare",
    "read_archive",
    "read_imports",
    "split_images",
]
