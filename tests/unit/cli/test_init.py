"""What `ephemeral init` writes is right, whatever the repository looks like."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ephemeral.cli.init import init
from ephemeral.errors import SpecError
from ephemeral.spec.load import load

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\n"


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """A folder with files in it, as the working directory."""

    def repo(files: dict[str, str], name: str = "shop") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        monkeypatch.chdir(folder)
        return folder

    return repo


def written(*arguments: str):
    result = CliRunner().invoke(init, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return load(Path("ephemeral.yaml"), environ={}).spec


def sources(spec) -> list[str]:
    """The app's sources, relative to the working directory."""
    return [
        f"{kind} {Path(path).relative_to(Path.cwd())}"
        for source in spec.app
        for kind, path in [
            *(("manifests", each) for each in source.manifests),
            *([("kustomize", source.kustomize)] if source.kustomize else []),
            *([("helm", source.helm.chart)] if source.helm else []),
        ]
    ]


REPOSITORIES = {
    "nothing": ({"README.md": ""}, []),
    "kustomization at the root": ({"kustomization.yaml": "", "base/kustomization.yaml": ""}, ["kustomize ."]),
    "base and overlays": (
        {"deploy/base/kustomization.yml": "", "deploy/overlays/ci/kustomization.yaml": ""},
        ["kustomize deploy/base"],
    ),
    "a component is no app": (
        {"a/kustomization.yaml": "kind: Component\n", "b/kustomization.yaml": "kind: Kustomization\n"},
        ["kustomize b"],
    ),
    "a chart": ({"charts/web/Chart.yaml": "name: web\n", "charts/web/charts/db/Chart.yaml": ""}, ["helm charts/web"]),
    "a library chart": (
        {"charts/a/Chart.yaml": "type: library\n", "charts/b/Chart.yaml": "name: b\n"},
        ["helm charts/b"],
    ),
    "a chart's templates are no manifests": (
        {"deploy/Chart.yaml": "name: web\n", "deploy/templates/web.yaml": DEPLOYMENT},
        ["helm deploy"],
    ),
    "manifests": ({"k8s/web.yaml": DEPLOYMENT, "deploy/web.yml": DEPLOYMENT}, ["manifests deploy", "manifests k8s"]),
    "no manifests in there": ({"deploy/values.yaml": "a: b\n", "k8s/notes.md": DEPLOYMENT}, []),
    "manifests deeper down": ({"services/web/k8s/web.yaml": DEPLOYMENT}, ["manifests services/web/k8s"]),
    "too deep": ({"a/b/c/d/kustomization.yaml": ""}, []),
    "what others brought": ({"node_modules/x/kustomization.yaml": "", ".cache/kustomization.yaml": ""}, []),
    "names that YAML would misread": (
        {"k8s on: #1/kustomization.yaml": ""},
        ["kustomize k8s on: #1"],
    ),
    "a word that YAML would misread": ({"no/kustomization.yaml": ""}, ["kustomize no"]),
}


@pytest.mark.parametrize(("files", "found"), REPOSITORIES.values(), ids=REPOSITORIES)
def test_the_app_is_found(files, found, repo):
    repo(files)
    assert sources(written()) == found


def test_variants_are_offered_as_comments(repo):
    repo(
        {"overlays/ci/kustomization.yaml": "", "overlays/prod/kustomization.yaml": "", "chart/Chart.yaml": "name: a\n"}
    )
    spec = written()
    assert sources(spec) == ["kustomize overlays/ci"]
    text = Path("ephemeral.yaml").read_text()
    assert "  # - kustomize: overlays/prod\n" in text
    assert "  # - helm: {chart: chart}\n" in text


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"go.mod": "", "pyproject.toml": ""}, ("go", "test", "./...")),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ("npm", "test")),
        ({"package.json": "{}"}, ()),
        ({"pyproject.toml": ""}, ("pytest", "-q")),
        ({"tests/test_web.py": ""}, ("pytest", "-q")),
        ({"tests/web.bats": ""}, ()),
    ],
)
def test_the_test_command_is_guessed(files, command, repo):
    repo(files)
    assert written().test == command


@pytest.mark.parametrize(("folder", "name"), [("My Shop", "my-shop"), ("no", "no"), ("123", "123"), ("1.5", "1-5")])
def test_the_name_comes_from_the_folder(folder, name, repo):
    repo({}, name=folder)
    assert written().name == name


def test_what_is_commented_out_is_right_too(repo):
    repo({"k8s/web.yaml": DEPLOYMENT})
    CliRunner().invoke(init)
    lines = Path("ephemeral.yaml").read_text().splitlines()
    keys = ("# isolation:", "#   ", "# env:", "# images:", "# test:")
    Path("ephemeral.yaml").write_text("\n".join(line[2:] if line.startswith(keys) else line for line in lines))
    spec = load(Path("ephemeral.yaml"), environ={}).spec
    assert spec.isolation.pod_security == "restricted"
    assert spec.images == {"example.com/web": "example.com/web:latest"}
    assert spec.test == ("pytest", "-q")


def test_no_file_is_overwritten_unless_forced(repo):
    repo({"ephemeral.yaml": "ttl: 7m\n"})
    with pytest.raises(SpecError, match=r"^ephemeral\.yaml is there already\.$"):
        written()
    assert Path("ephemeral.yaml").read_text() == "ttl: 7m\n"
    assert written("--force").ttl == "1h"


def test_the_other_spelling_of_the_file_counts_too(repo):
    repo({"ephemeral.yml": "ttl: 7m\n"})
    with pytest.raises(SpecError, match=r"^ephemeral\.yml is there already\.$"):
        written()
    assert not Path("ephemeral.yaml").exists()


def test_output(repo):
    repo({"k8s/web.yaml": DEPLOYMENT})
    printed = CliRunner().invoke(init, ["--output", "-"]).output
    assert not Path("ephemeral.yaml").exists()
    result = CliRunner().invoke(init, ["--output", "ci.yaml"])
    assert result.output == "wrote ci.yaml; next: ephemeral run -- COMMAND\n"
    assert Path("ci.yaml").read_text() == printed


def test_a_folder_that_is_not_there(repo):
    repo({})
    with pytest.raises(SpecError, match=r"^no/such\.yaml can't be written: No such file or directory\.$"):
        CliRunner().invoke(init, ["--output", "no/such.yaml"], catch_exceptions=False)
