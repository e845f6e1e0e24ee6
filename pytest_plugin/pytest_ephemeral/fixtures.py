"""The fixtures. Heavy imports happen inside them: a suite that asks for no cluster pays nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ephemeral.options import SETTINGS
from pytest_ephemeral.variants import Variant, default_variant

if TYPE_CHECKING:
    from ephemeral.environment import Environment
    from ephemeral.kube.client import Kube
    from ephemeral.kube.portforward import PortForward
    from ephemeral.previews.preview import Preview


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return "function" if config.stash[SETTINGS].scope == "test" else "session"


@pytest.fixture(scope="session")
def ephemeral_spec(pytestconfig: pytest.Config) -> Any:
    """What to create and deploy: override it to return a Spec, a path, or a dict of ephemeral.yaml's keys.

    By default `--ephemeral-file`, or the ephemeral.yaml of the tests' folder or of one above; without either, an empty
    cluster.
    """
    from pytest_ephemeral.specs import default_spec

    with _plainly(pytestconfig):
        return default_spec(pytestconfig, pytestconfig.stash[SETTINGS])


@pytest.fixture(scope=_scope)
def ephemeral_variant(request: pytest.FixtureRequest) -> Variant:
    """The kind of environment that the test's marker asks for; `ephemeral_variant.kubernetes` is its version."""
    variant: Variant = getattr(request, "param", None) or default_variant(request.config.stash[SETTINGS])
    return variant


@pytest.fixture(scope=_scope)
def ephemeral_environment(
    request: pytest.FixtureRequest, ephemeral_spec: Any, ephemeral_variant: Variant
) -> "Iterator[Environment]":
    """A Kubernetes cluster of its own with the app of ephemeral.yaml in it, ready.

    An `ephemeral.Environment`: `name`, `kubeconfig`, `kube`, `workloads()`, `events()`, ... Shared as
    `--ephemeral-scope` and the marker's `scope=` say; removed when the last test that shares it is over.
    """
    with _environment(request, ephemeral_spec, ephemeral_variant, app=True) as environment:
        yield environment


@pytest.fixture(scope=_scope)
def ephemeral_cluster(
    request: pytest.FixtureRequest, ephemeral_spec: Any, ephemeral_variant: Variant
) -> "Iterator[Environment]":
    """The same without the app: an empty Kubernetes cluster of its own, ready."""
    with _environment(request, ephemeral_spec, ephemeral_variant, app=False) as environment:
        yield environment


@pytest.fixture(scope="session")
def cluster_factory(request: pytest.FixtureRequest, ephemeral_spec: Any) -> "Iterator[Callable[..., Environment]]":
    """Makes as many more environments as a test needs: `cluster_factory(kubernetes="1.35", app=False)`.

    Takes the arguments of the marker but `scope`, and `spec=` in place of `ephemeral_spec`; each call makes a new one.
    All are removed at the end of the run.
    """
    from pytest_ephemeral.factory import factory

    with factory(request.config, ephemeral_spec) as make:

        def make_plainly(**arguments: Any) -> "Environment":
            with _plainly(request.config):
                return make(**arguments)

        yield make_plainly


@pytest.fixture
def kube(request: pytest.FixtureRequest, ephemeral_variant: Variant) -> "Kube":
    """A client of the test's cluster that speaks plain dicts: get, list, apply, patch, delete.

    The cluster is `ephemeral_cluster` where the test asks for that, else `ephemeral_environment`.
    """
    return _environment_of(request).kube


@pytest.fixture
def kubeconfig(request: pytest.FixtureRequest, ephemeral_variant: Variant) -> Path:
    """Path of an administrator's kubeconfig for the test's cluster, complete in itself."""
    return _environment_of(request).kubeconfig


@pytest.fixture
def cluster_namespace(request: pytest.FixtureRequest, kube: "Kube") -> Iterator[str]:
    """Name of a namespace that only this test uses; deleted afterwards, without waiting."""
    from pytest_ephemeral.objects import make_namespace

    with _plainly(request.config):
        name = make_namespace(kube, request.node.name)
    yield name
    from ephemeral.errors import ClusterError

    with suppress(ClusterError):  # the test has ended its own cluster
        kube.delete("v1", "Namespace", name)


@pytest.fixture
def apply(request: pytest.FixtureRequest, kube: "Kube") -> Iterator[Callable[..., Any]]:
    """Applies manifests: `apply("k8s/")`, `apply({...})`, `apply(yaml_text, namespace=cluster_namespace, timeout=60)`.

    Waits until all of it is ready (`wait=False`: does not) and returns the objects. What did not exist before is
    deleted after the test, without waiting.
    """
    from pytest_ephemeral.objects import Applier

    applier = Applier(kube, request.config.rootpath)

    def apply_plainly(manifests: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with _plainly(request.config):
            return applier.apply(manifests, **options)

    yield apply_plainly
    applier.delete_created()


@pytest.fixture
def port_forward(request: pytest.FixtureRequest, ephemeral_variant: Variant) -> "Iterator[Callable[..., PortForward]]":
    """Opens a local port into a pod: `port_forward("service/web", 80).url`. It stays open when pods are replaced.

    Takes `KIND/NAME`, a port by number or name, and `namespace=`; `.port` is the local one. Real nodes only.
    """
    from ephemeral.kube.kubeconfig import read_access
    from ephemeral.kube.portforward import PortForward

    environment = _environment_of(request)
    with ExitStack() as forwards:

        def open_port(target: str, port: int | str, *, namespace: str = "default") -> PortForward:
            __tracebackhide__ = True
            with _plainly(request.config):
                access = read_access(environment.kubeconfig)
                return forwards.enter_context(PortForward(environment.kube, access, target, port, namespace=namespace))

        yield open_port


@pytest.fixture
def url(request: pytest.FixtureRequest, ephemeral_variant: Variant) -> "Callable[..., str]":
    """The URL of a Service, once somebody answers there: `url("web")`, `url("web", port="admin", path="/health")`.

    Takes `namespace=` too. Real nodes only.
    """
    environment = _environment_of(request)

    def find(service: str, **where: Any) -> str:
        __tracebackhide__ = True
        with _plainly(request.config):
            return environment.url(service, **where)

    return find


@pytest.fixture
def preview(request: pytest.FixtureRequest, ephemeral_variant: Variant) -> "Iterator[Callable[..., Preview]]":
    """Baseline and candidate side by side: `preview(service="web", candidate={"images": {...}}).start().verdict`.

    Takes the keys of `preview:` in ephemeral.yaml; without any, what stands there. The result has `start()`,
    `promote()`, `abort()`, `status()` and `url()`. What is not over when the test is, is aborted. Real nodes only.
    """
    from pytest_ephemeral.previews import abort_what_is_left, described

    environment = _environment_of(request)

    def describe(**keys: Any) -> "Preview":
        __tracebackhide__ = True
        with _plainly(request.config):
            return described(environment, keys)

    yield describe
    with _plainly(request.config):
        abort_what_is_left(environment)


def _environment_of(request: pytest.FixtureRequest) -> "Environment":
    """The environment that the test asks for by name, else the one with the app."""
    name = "ephemeral_cluster" if "ephemeral_cluster" in request.fixturenames else "ephemeral_environment"
    environment: Environment = request.getfixturevalue(name)
    return environment


@contextmanager
def _environment(request: pytest.FixtureRequest, said: Any, variant: Variant, *, app: bool) -> "Iterator[Environment]":
    from pytest_ephemeral.session import environments_of, wanted_by

    environments = environments_of(request.config)
    with _plainly(request.config):
        wanted = wanted_by(request, said, variant, app=app)
        environment = environments.acquire(wanted)
    try:
        yield environment
    finally:
        environments.release(wanted)


@contextmanager
def _plainly(config: pytest.Config) -> Iterator[None]:
    """Failures of ours read as sentences, not as tracebacks."""
    __tracebackhide__ = True
    from ephemeral.errors import EphemeralError, ToolError

    try:
        yield
    except EphemeralError as error:
        text = "\n".join(filter(None, [error.message, f"hint: {error.hint}" if error.hint else ""]))
        if isinstance(error, ToolError) and config.stash[SETTINGS].missing_tools == "skip":
            raise pytest.skip.Exception(text) from None
        raise pytest.fail.Exception(text, pytrace=False) from None


FIXTURES = frozenset({"cluster_factory", "ephemeral_cluster", "ephemeral_environment", "ephemeral_variant"})
