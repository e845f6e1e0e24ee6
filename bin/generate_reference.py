"""Write what follows from the model: the JSON Schema and docs/ephemeral-yaml.md. `--check` only compares."""

import json
import sys
from pathlib import Path

from ephemeral.spec.host_policy import HostPolicy
from ephemeral.spec.model import Isolation, Spec
from ephemeral.spec.presets import resolve
from ephemeral.spec.reference import tables
from ephemeral.spec.schema import SCHEMA_FILE, json_schema

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "ephemeral-yaml.md"
EXAMPLE = DOCS / "example.ephemeral.yaml"
POLICY_EXAMPLE = DOCS / "example.policy.yaml"

HEAD = """\
# ephemeral.yaml

<!-- Written by bin/generate_reference.py from ephemeral/spec/model.py. -->

All keys are optional, and so is the file. `ephemeral init` writes a first one; `ephemeral schema` prints the JSON
Schema for editors.

```yaml
{example}```

**What wins.** Options over environment variables (`EPHEMERAL_*`, shown by `ephemeral up --help`) over the file over
the defaults. `--set` reaches every key: `--set cluster.simulated.count=3`, `--set 'isolation.quota[limits.cpu]=4'`.

**Variables.** `${{NAME}}` and `${{NAME:-default}}` in any text of the file read environment variables, but only those
listed under `env:` or given by `--env NAME`. `$${{` stands for `${{`.

**Short forms.** Where a list is wanted, one item will do. `test` may be a command line. Paths are relative to the file.
Durations are written `90s`, `15m`, `1h30m`, `1d`; amounts as Kubernetes writes them: `500m`, `2`, `20Gi`.

## Keys

"""

PRESET = """\
## The preset `isolated`

Pod Security `{standard}` in every namespace; inside the environment everything may talk; egress goes to DNS and public
addresses only; ingress comes only through what is let in. The numbers are those of vcluster's chart.

| quota, of the whole environment | total |
| --- | --- |
{quota}

| each container that states none | default limit | default request |
| --- | --- | --- |
{containers}

"""

POLICY = """\
## Host policy

`--policy FILE` or `EPHEMERAL_POLICY` names a file of the admin's. What ephemeral.yaml, options or variables ask for
must fit it, else nothing is created and the error names both values with their places. Defaults are lowered to fit.

```yaml
{example}```

"""


def main(check: bool) -> int:
    page = HEAD.format(example=EXAMPLE.read_text()) + tables(Spec) + "\n" + preset()
    page += POLICY.format(example=POLICY_EXAMPLE.read_text()) + tables(HostPolicy)
    schema = json.dumps(json_schema(), indent=2) + "\n"
    wanted = {PAGE: page, SCHEMA_FILE: schema}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path.name} is stale: run `nox -s generate`", file=sys.stderr)
        else:
            path.write_text(wanted[path])
    return 1 if check and stale else 0


def preset() -> str:
    policy = resolve(Isolation())
    quota = "\n".join(f"| `{name}` | {amount} |" for name, amount in policy.quota.items())
    limits, requests = policy.default_limits, policy.default_requests
    containers = "\n".join(f"| `{name}` | {limits[name]} | {requests[name]} |" for name in limits)
    return PRESET.format(standard=policy.pod_security, quota=quota, containers=containers)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
