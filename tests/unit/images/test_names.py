"""Names of images in full, by the rules of distribution/reference."""

import pytest

from ephemeral.errors import SpecError
from ephemeral.images.names import normalize, repository

DIGEST = f"sha256:{'a1' * 32}"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("podinfo", "docker.io/library/podinfo:latest"),
        ("podinfo:6.9.2", "docker.io/library/podinfo:6.9.2"),
        ("acme/web", "docker.io/acme/web:latest"),
        ("docker.io/podinfo", "docker.io/library/podinfo:latest"),
        ("index.docker.io/podinfo:1", "docker.io/library/podinfo:1"),
        ("index.docker.io/acme/web", "docker.io/acme/web:latest"),
        ("ghcr.io/x/y:1", "ghcr.io/x/y:1"),
        ("localhost/web", "localhost/web:latest"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
        ("registry:5000/a/b/c:2", "registry:5000/a/b/c:2"),
        ("[::1]:5000/web", "[::1]:5000/web:latest"),
        ("Host/web", "Host/web:latest"),
        ("a--b/c__d/e.f_g", "docker.io/a--b/c__d/e.f_g:latest"),
        (f"redis@{DIGEST}", f"docker.io/library/redis@{DIGEST}"),
        (f"redis:7@{DIGEST}", f"docker.io/library/redis@{DIGEST}"),
        ("x:T_1.0-rc", "docker.io/library/x:T_1.0-rc"),
    ],
)
def test_normalize(name, full):
    assert normalize(name) == full
    assert normalize(full) == full


@pytest.mark.parametrize(
    "name",
    ["", " ", "web ", "web:", ":1", "web:1:2", "a//b", "/web", "web/", "-web", "a___b", "web@sha256:12", "a" * 256,
     "f" * 64, "web:" + "t" * 129, "ghcr.io/x:é", "web\n"],
)  # fmt: skip
def test_what_is_no_name(name):
    with pytest.raises(SpecError, match="is no name of an image") as caught:
        normalize(name)
    assert "ghcr.io/acme/web" in str(caught.value.hint)


def test_upper_case_is_named_as_the_reason():
    with pytest.raises(SpecError) as caught:
        normalize("ghcr.io/Acme/web:V1")
    assert caught.value.hint == "Names are lower case."


def test_repository_has_neither_tag_nor_digest():
    assert repository("redis:7") == repository(f"redis@{DIGEST}") == "docker.io/library/redis"
