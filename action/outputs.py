"""Turn what `ephemeral up --output json` printed into outputs and variables of a step of GitHub Actions.

``outputs.py CODE <RESULT``: CODE is what `up` ended with; when it failed, RESULT is empty.
"""

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What lets one in, in a kubeconfig: in YAML, or in JSON as ours are.
_SECRET = re.compile(r"\b(?:client-key-data|token|password)[\"']?: *[\"']?([^\s\"',}]+)")


def main(code: int, text: str, environ: Mapping[str, str]) -> None:
    """Write what GitHub reads."""
    found: dict[str, Any] = json.loads(text) if text.strip() else {}
    name = found.get("name") or environ["EPHEMERAL_NAME"]
    report = Path(environ["EPHEMERAL_REPORT"]).absolute() / name
    kubeconfig = found.get("kubeconfig", "")
    urls = found.get("urls", {})
    outputs = {
        "name": name,
        "namespace": found.get("namespace", ""),
        "kubeconfig": kubeconfig,
        "url": next(iter(urls.values()), ""),
        "urls-json": json.dumps(urls),
        "status": found.get("state", "failed"),
        "expires-at": found.get("expires-at", ""),
        "created": json.dumps(found.get("created", False)),
        "report-path": str(report) if report.exists() else "",
    }
    if kubeconfig:
        for secret in _SECRET.findall(Path(kubeconfig).read_text(encoding="utf-8")):
            print(f"::add-mask::{secret}")
        _write(environ["GITHUB_ENV"], {"KUBECONFIG": kubeconfig, "EPHEMERAL_CURRENT": name})
    _write(environ["GITHUB_OUTPUT"], outputs)
    if code:
        where = f", and in {report}" if report.exists() else ""
        print(f"::error title=environment {name} failed::`ephemeral up` ended with {code}: why stands above{where}.")


def _write(path: str, values: Mapping[str, str]) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        for key, value in values.items():
            end = secrets.token_hex(16)  # nothing in a value can be its end
            file.write(f"{key}<<{end}\n{value}\n{end}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.read(), os.environ)
