"""`ephemeral image load`, with an environment that only listens."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ephemeral.cli import cli
from ephemeral.cli import image as command


class Listener:
    def __init__(self) -> None:
        self.loaded: list[tuple[Path, str | None]] = []

    def load_image(self, archive: Path, name: str | None = None) -> tuple[str, ...]:
        self.loaded.append((archive, name))
        return (name or f"docker.io/library/{archive.stem}:1",)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Listener:
    listener = Listener()
    monkeypatch.setattr(command, "find_environment", lambda name: listener)
    return listener


def run(*words: str):
    return CliRunner().invoke(cli, ["image", "load", *words])


def test_names_are_printed(environment):
    assert run("./web.tar", "db.tgz").output == "docker.io/library/web:1\ndocker.io/library/db:1\n"
    assert environment.loaded == [(Path("web.tar"), None), (Path("db.tgz"), None)]


def test_another_name(environment):
    assert run("--as", "shop/web:2", "./web.tar").output == "shop/web:2\n"
    assert environment.loaded == [(Path("web.tar"), "shop/web:2")]


def test_a_local_image_keeps_the_name_it_was_called_by(environment, monkeypatch, tmp_path):
    """Podman calls `web` `localhost/web` in its archive."""
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\n: > $3\n")
    podman.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("web").output == "web\n"
    ((archive, name),) = environment.loaded
    assert name == "web"
    assert not archive.exists()


@pytest.mark.parametrize("words", [(), ("--as", "web:1", "a.tar", "b.tar")])
def test_wrong_usage(environment, words):
    assert run(*words).exit_code == 2
    assert environment.loaded == []
