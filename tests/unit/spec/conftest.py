"""A folder with an ephemeral.yaml in it, and what `load` has to say about it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.load import Loaded, load

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, so that messages name files without a path."""
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.chdir(shop)
    return shop


@pytest.fixture
def read(folder: Path) -> Callable[..., Loaded]:
    """Load a text as ephemeral.yaml, with an empty environment unless one is given."""

    def read(text: str, **options: object) -> Loaded:
        Path("ephemeral.yaml").write_text(text)
        return load(Path("ephemeral.yaml"), **{"environ": {}, **options})

    return read


@pytest.fixture
def complaints(read: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """The lines of the error that a text leads to."""

    def complaints(text: str, **options: object) -> list[str]:
        with pytest.raises(SpecError) as raised:
            read(text, **options)
        return raised.value.message.splitlines()

    return complaints
