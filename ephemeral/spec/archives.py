"""Which values of `images:` are image archives, and not names of images."""

_STARTS = ("/", "./", "../")
_ENDS = (".tar", ".tar.gz", ".tgz", ".oci")

#: The rule in words, for the reference page and for help.
RULE = "starts with `/`, `./` or `../`, or ends in `.tar`, `.tar.gz`, `.tgz` or `.oci`"


def is_archive(text: str) -> bool:
    """Whether ``text`` is spelled as the path of an archive (see RULE); no image's name starts like that."""
    return text.startswith(_STARTS) or text.endswith(_ENDS)
