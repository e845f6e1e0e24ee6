"""This checkout as GitHub's runner would have it, and `act` to run it."""

import os
from pathlib import Path

import pytest

from tests.act import Act, copy_checkout


@pytest.fixture(scope="session")
def checkout(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(repository, tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def act(checkout: Path, tmp_path: Path) -> Act:
    names = ("EPHEMERAL_CACHE_DIR", "EPHEMERAL_STATE_DIR")
    scratch = tmp_path / "act"
    scratch.mkdir()
    return Act(checkout=checkout, scratch=scratch, variables={name: os.environ[name] for name in names})
