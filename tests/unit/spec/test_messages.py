"""The words of every complaint, exactly: they are what people meet first."""

from pathlib import Path

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.load import load

TOP = "name, cluster, isolation, app, images, ready, expose, preview, ttl, env, test"

MESSAGES = {
    "unknown key": (
        "clustr: {}",
        f"ephemeral.yaml:1: clustr: there is no such key; did you mean cluster? Known here: {TOP}.",
    ),
    "unknown key like none": (
        "zzz: {}",
        f"ephemeral.yaml:1: zzz: there is no such key. Known here: {TOP}.",
    ),
    "unknown key deeper down": (
        "cluster:\n  simulated:\n    counts: 2",
        (
            "ephemeral.yaml:3: cluster.simulated.counts: there is no such key; did you mean count? "
            "Known here: count, cpu, memory, pods."
        ),
    ),
    "unknown key in a list": (
        "app:\n  - kustomize: a\n  - manifest: [b]",
        (
            "ephemeral.yaml:3: app[1].manifest: there is no such key; did you mean manifests? "
            "Known here: manifests, kustomize, helm."
        ),
    ),
    "key of another place": (
        "quota: {pods: 3}",
        f"ephemeral.yaml:1: quota: there is no such key; did you mean isolation.quota? Known here: {TOP}.",
    ),
    "key of a list elsewhere": (
        "kustomize: k8s",
        f"ephemeral.yaml:1: kustomize: there is no such key; did you mean app[].kustomize? Known here: {TOP}.",
    ),
    "snake case": (
        "isolation: {pod_security: baseline}",
        (
            "ephemeral.yaml:1: isolation.pod_security: there is no such key; did you mean pod-security? "
            "Known here: preset, pod-security, quota, default-limits, default-requests, network."
        ),
    ),
    "choice": (
        "cluster: {provider: locl}",
        "ephemeral.yaml:1: cluster.provider: must be one of: local, vcluster; not 'locl'.",
    ),
    "choice of three": (
        "isolation: {pod-security: strict}",
        "ephemeral.yaml:1: isolation.pod-security: must be one of: privileged, baseline, restricted; not 'strict'.",
    ),
    "no whole number": (
        "cluster:\n  simulated:\n    count: many",
        "ephemeral.yaml:3: cluster.simulated.count: must be a whole number, not 'many'.",
    ),
    "a fraction": (
        "cluster: {simulated: {pods: 1.5}}",
        "ephemeral.yaml:1: cluster.simulated.pods: must be a whole number, not 1.5.",
    ),
    "too few": (
        "cluster: {simulated: {count: 0}}",
        "ephemeral.yaml:1: cluster.simulated.count: must be a whole number from 1, not '0'.",
    ),
    "yes for a number": (
        "cluster: {simulated: {count: yes}}",
        "ephemeral.yaml:1: cluster.simulated.count: must be a whole number from 1, not 'true'.",
    ),
    "ingress without a namespace": (
        "cluster: {host: {ingress: {domain: preview.test}}}",
        (
            "ephemeral.yaml:1: cluster.host.ingress: namespace is missing: the one from which the controller reaches "
            "the app."
        ),
    ),
    "gateway without a domain": (
        "cluster: {host: {ingress: {namespace: traefik, gateway: traefik/shared}}}",
        "ephemeral.yaml:1: cluster.host.ingress: domain is missing: routes may only take names below it.",
    ),
    "no gateway": (
        "cluster: {host: {ingress: {namespace: traefik, domain: a.test, gateway: shared}}}",
        "ephemeral.yaml:1: cluster.host.ingress.gateway: 'shared' is not NAMESPACE/NAME of a Gateway.",
    ),
    "no class": (
        "preview: {service: web, gateway-class: My Class}",
        "ephemeral.yaml:1: preview.gateway-class: 'My Class' is no name of a GatewayClass: a-z, 0-9, - and dots.",
    ),
    "no domain": (
        "cluster: {host: {ingress: {namespace: traefik, domain: 'http://a.test'}}}",
        "ephemeral.yaml:1: cluster.host.ingress.domain: 'http://a.test' is no domain such as preview.example.com.",
    ),
    "no boolean": (
        "isolation: {network: {public-egress: maybe}}",
        "ephemeral.yaml:1: isolation.network.public-egress: must be true or false, not 'maybe'.",
    ),
    "yes for a text": (
        "images: {web: no}",
        "ephemeral.yaml:1: images.web: must be text, not false; to mean the word, put it in quotes.",
    ),
    "list for a text": ("ttl: [1h]", "ephemeral.yaml:1: ttl: must be text, not a list."),
    "mapping for a text": ("ttl: {hours: 1}", "ephemeral.yaml:1: ttl: must be text, not keys and values."),
    "nothing for a text": ("images:\n  web:", "ephemeral.yaml:2: images.web: must be text, not empty."),
    "text for keys": ("cluster: local", "ephemeral.yaml:1: cluster: keys and values are expected here, not 'local'."),
    "text for a map": ("images: web", "ephemeral.yaml:1: images: keys and values are expected here, not 'web'."),
    "text for a list": ("app: k8s", "ephemeral.yaml:1: app: a list is expected here, not 'k8s'."),
    "no chart": ("app: {helm: {release: a}}", "ephemeral.yaml:1: app[0].helm.chart: is needed here."),
    "name": (
        "name: Shop_1",
        "ephemeral.yaml:1: name: 'Shop_1' is no DNS-1123 label: a-z, 0-9 and -, with no - at the ends.",
    ),
    "name with a dash at the end": (
        "name: shop-",
        "ephemeral.yaml:1: name: 'shop-' is no DNS-1123 label: a-z, 0-9 and -, with no - at the ends.",
    ),
    "long name": (
        f"name: {'a' * 41}",
        f"ephemeral.yaml:1: name: '{'a' * 41}' has 41 characters, at most 40 are possible.",
    ),
    "version": (
        "cluster: {kubernetes: latest}",
        "ephemeral.yaml:1: cluster.kubernetes: 'latest' is no version such as 1.36 or 1.36.3.",
    ),
    "ttl": ("ttl: soon", "ephemeral.yaml:1: ttl: 'soon' is no duration. Write it like 90s, 15m, 1h30m or 1d."),
    "ttl without unit": ("ttl: 90", "ephemeral.yaml:1: ttl: '90' has no unit. Write 90s, 90m or 90h."),
    "ttl of nothing": ("ttl: 0s", "ephemeral.yaml:1: ttl: '0s' is not between 1s and 365d."),
    "sexagesimal ttl": (
        "ttl: 1:30",
        "ephemeral.yaml:1: ttl: '1:30' is no duration. Write it like 90s, 15m, 1h30m or 1d.",
    ),
    "timeout": (
        "ready: {timeout: -5m}",
        "ephemeral.yaml:1: ready.timeout: '-5m' is no duration. Write it like 90s, 15m, 1h30m or 1d.",
    ),
    "quantity": (
        "isolation:\n  quota:\n    requests.cpu: lots",
        "ephemeral.yaml:3: isolation.quota[requests.cpu]: 'lots' is no quantity. Write it like 500m, 2, 1.5 or 20Gi.",
    ),
    "negative quantity": (
        "isolation: {quota: {pods: -1}}",
        "ephemeral.yaml:1: isolation.quota.pods: '-1' is negative.",
    ),
    "no capacity": (
        "cluster: {simulated: {cpu: 0}}",
        "ephemeral.yaml:1: cluster.simulated.cpu: '0' is not more than nothing.",
    ),
    "requests above limits": (
        "isolation: {default-requests: {cpu: 2}, default-limits: {cpu: 1500m}}",
        "ephemeral.yaml:1: isolation: default-requests of cpu are above default-limits.",
    ),
    "host bits": (
        "isolation: {network: {allow-egress: [10.0.0.1/8]}}",
        "ephemeral.yaml:1: isolation.network.allow-egress[0]: 10.0.0.1/8 has host bits set.",
    ),
    "no range": (
        "isolation:\n  network:\n    allow-ingress:\n      - 10.0.0.0/8\n      - home",
        "ephemeral.yaml:5: isolation.network.allow-ingress[1]: 'home' does not appear to be an IPv4 or IPv6 network.",
    ),
    "an address": (
        "isolation: {network: {allow-egress: [10.0.0.1]}}",
        "ephemeral.yaml:1: isolation.network.allow-egress[0]: '10.0.0.1' is no address range. Write 10.0.0.1/32.",
    ),
    "no source": (
        "app: [{}]",
        "ephemeral.yaml:1: app[0]: exactly one of manifests, kustomize, helm is needed; there is none.",
    ),
    "two sources": (
        "app:\n  - manifests: a\n    kustomize: b",
        (
            "ephemeral.yaml:2: app[0]: exactly one of manifests, kustomize, helm is needed; "
            "there is manifests and kustomize."
        ),
    ),
    "port": (
        "expose: [{service: a, port: 70000}]",
        "ephemeral.yaml:1: expose[0].port: '70000' is no port: 1 to 65535.",
    ),
    "port name": (
        "expose: [{service: a, port: 'H!'}]",
        "ephemeral.yaml:1: expose[0].port: 'H!' is neither a port number nor the name of one.",
    ),
    "port list": (
        "expose: [{service: a, port: [80]}]",
        "ephemeral.yaml:1: expose[0].port: must be a whole number, not a list.",
    ),
    "condition": (
        "ready: {conditions: [{resource: web, condition: Ready}]}",
        "ephemeral.yaml:1: ready.conditions[0].resource: 'web' is not kind/name, such as certificate/web.",
    ),
    "empty image": ("images: {web: ''}", "ephemeral.yaml:1: images.web: must not be empty."),
    "variable": ("env: [A-B]", "ephemeral.yaml:1: env[0]: 'A-B' is no name of an environment variable."),
    "open quote": ("test: pytest 'a b", 'ephemeral.yaml:1: test: no closing quotation in "pytest \'a b".'),
    "duplicate key": ("ttl: 1h\nname: a\nttl: 2h", "ephemeral.yaml:3: ttl: is given twice, here and in line 1."),
    "unknown tag": (
        "ttl: !!python/object:os.system 1h",
        "ephemeral.yaml:1: ttl: the tag tag:yaml.org,2002:python/object:os.system is not understood here.",
    ),
    "key that is a list": ("images: {[a]: b}", "ephemeral.yaml:1: images: a key must be text."),
    "no number behind its tag": (
        "cluster: {simulated: {count: !!int two}}",
        "ephemeral.yaml:1: cluster.simulated.count: 'two' is no number.",
    ),
}


@pytest.mark.parametrize(("text", "message"), MESSAGES.values(), ids=MESSAGES)
def test_one_complaint(text, message, complaints):
    assert complaints(text) == [message]


FATAL = {
    "empty": ("", "ephemeral.yaml is empty."),
    "only a comment": ("# later\n", "ephemeral.yaml is empty."),
    "only a marker": ("---\n", "ephemeral.yaml is empty."),
    "two documents": ("ttl: 1h\n---\nttl: 2h\n", "ephemeral.yaml:3: there is a second document; only one is read."),
    "a list": ("- a\n", "ephemeral.yaml:1: keys and values are expected here, not ['a']."),
    "a word": ("\nshop\n", "ephemeral.yaml:2: keys and values are expected here, not 'shop'."),
    "a tab": (
        "app:\n\tx: 1",
        "ephemeral.yaml:2:1: found character that cannot start any token (while scanning for the next token).",
    ),
    "an open bracket": (
        "app: [a\nttl: 1h",
        "ephemeral.yaml:2:4: did not find expected ',' or ']' (while parsing a flow sequence).",
    ),
    "an unknown alias": ("ttl: *x", "ephemeral.yaml:1:6: found undefined alias."),
    "a control character": (
        "ttl: 1h\nname: \x01",
        "ephemeral.yaml:2: unacceptable character #x0001: control characters are not allowed.",
    ),
}


@pytest.mark.parametrize(("text", "message"), FATAL.values(), ids=FATAL)
def test_no_mapping_to_read(text, message, complaints):
    assert complaints(text) == [message]


def test_missing_file_says_what_writes_one(folder):
    with pytest.raises(SpecError) as raised:
        load(Path("ephemeral.yaml"))
    assert raised.value.message == "ephemeral.yaml can't be read: No such file or directory."
    assert raised.value.hint == "`ephemeral init` writes a first one."


def test_a_folder_is_no_file(folder):
    with pytest.raises(SpecError, match=r"^\. can't be read: Is a directory\.$"):
        load(Path())


def test_a_file_that_is_not_utf8(folder):
    Path("ephemeral.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(SpecError, match=r"^ephemeral\.yaml can't be read: it is not UTF-8 text\.$"):
        load(Path("ephemeral.yaml"))


def test_all_complaints_at_once_in_the_order_of_the_file(complaints):
    text = """\
name: Shop
ttl: soon
cluster:
  provider: nowhere
  kubernetes: newest
  simulated: {count: none}
app:
  - {}
  - helm: {release: web}
images: {web: "${SECRET}"}
ttl: 1h
test: "'"
unknown: 1
"""
    keys = [line.split(": ")[:2] for line in complaints(text)]
    assert keys == [
        ["ephemeral.yaml:1", "name"],
        ["ephemeral.yaml:4", "cluster.provider"],
        ["ephemeral.yaml:5", "cluster.kubernetes"],
        ["ephemeral.yaml:6", "cluster.simulated.count"],
        ["ephemeral.yaml:8", "app[0]"],
        ["ephemeral.yaml:9", "app[1].helm.chart"],
        ["ephemeral.yaml:10", "images.web"],
        ["ephemeral.yaml:11", "ttl"],
        ["ephemeral.yaml:12", "test"],
        ["ephemeral.yaml:13", "unknown"],
    ]


def test_hint_of_a_bad_file_leads_to_the_keys(read):
    with pytest.raises(SpecError) as raised:
        read("ttl: soon")
    assert raised.value.hint == "docs/ephemeral-yaml.md lists every key; `ephemeral schema` too."
