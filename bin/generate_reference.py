"""Write what follows from the model: the JSON Schema and docs/ephemeral-yaml.md. `--check` only compares."""

import json
import sys
from pathlib import Path

from ephemeral.spec.schema import SCHEMA_FILE, json_schema, reference

PAGE = Path(__file__).parent.parent / "docs" / "ephemeral-yaml.md"
EXAMPLE = Path(__file__).parent.parent / "examples" / "reference" / "ephemeral.yaml"

HEAD = """\
# ephemeral.yaml

<!-- Written by bin/generate_reference.py from ephemeral/spec/model.py. -->

`ephemeral init` writes a first one; `ephemeral schema` prints the JSON Schema for editors. Options win over
environment variables (`EPHEMERAL_*`), those over the file, the file over the defaults. Anything without an option of its
own is reached by `--set`: `--set cluster.simulated.count=3`, `--set 'isolation.quota[requests.cpu]=4'`.

`${NAME}` and `${NAME:-default}` in any text read environment variables, but only those listed under `env:` or given by
`--env NAME`; `$${` stands for `${`. Where a list is wanted, one item will do. Paths are relative to the file.

"""


def main(check: bool) -> int:
    page = f"{HEAD}```yaml\n{EXAMPLE.read_text()}```\n\n{reference()}\n"
    schema = json.dumps(json_schema(), indent=2) + "\n"
    stale = [
        path
        for path, text in {PAGE: page, SCHEMA_FILE: schema}.items()
        if not path.exists() or path.read_text() != text
    ]
    if check:
        for path in stale:
            print(f"{path.name} is stale: run `nox -s generate`", file=sys.stderr)
        return 1 if stale else 0
    PAGE.write_text(page)
    SCHEMA_FILE.write_text(schema)
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
