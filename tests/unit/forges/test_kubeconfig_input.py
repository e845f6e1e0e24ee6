"""A host's kubeconfig as a file, as content, as base64."""

import base64
from pathlib import Path

import pytest

from ephemeral.errors import SpecError
from ephemeral.forges.kubeconfig_input import VARIABLE, accept_host_kubeconfig

CONTENT = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: [{name: a, user: {token: s3cret}}]\n"


def accepted(value):
    environ = {VARIABLE: value}
    accept_host_kubeconfig(environ)
    return environ[VARIABLE]


def test_file_stays_what_it_is(tmp_path):
    path = tmp_path / "config"
    path.write_text(CONTENT)
    assert accepted(str(path)) == str(path)


@pytest.mark.parametrize("path", ["/no/such/file", "./config", "~/config"])
def test_file_that_is_not_there_stays_for_the_error_to_name(path):
    assert accepted(path) == path


@pytest.mark.parametrize(
    "given",
    [CONTENT, base64.b64encode(CONTENT.encode()).decode(), base64.encodebytes(CONTENT.encode() * 3).decode()],
    ids=["content", "base64", "base64-lines"],
)
def test_content_becomes_a_private_file(given):
    path = Path(accepted(given))
    assert CONTENT.strip() in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert accepted(given) == str(path)


@pytest.mark.parametrize(
    "given", ["s3cret", "s3cret\n", base64.b64encode(b"s3cret\xff\xfe").decode(), "clusters: s3cret"]
)
def test_anything_else_is_refused_and_not_shown(given):
    with pytest.raises(SpecError) as raised:
        accepted(given)
    assert "s3cret" not in f"{raised.value.message} {raised.value.hint}"


def test_nothing_is_nothing():
    environ = {}
    accept_host_kubeconfig(environ)
    assert environ == {}
