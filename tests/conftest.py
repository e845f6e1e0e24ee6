"""What every test shares: a state directory of its own, so that no test sees another's environments."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EPHEMERAL_")]:
        if name not in ("EPHEMERAL_TOOLS_DIR", "EPHEMERAL_CACHE_DIR", "EPHEMERAL_MIRROR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_apps(repository: Path) -> Path:
    """Real applications, beside the checkout."""
    return repository.parent / "shared" / "apps"
