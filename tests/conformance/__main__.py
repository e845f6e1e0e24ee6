"""``python -m tests.conformance [AREA|REGEX]...``: all areas, or some, or the specs that a regular expression finds."""

import os
import sys
from pathlib import Path

from tests.conformance.specs import AREAS, EXCLUDED, any_of
from tests.conformance.suite import run_specs


def main() -> None:
    wanted = sys.argv[1:] or list(AREAS)
    report = Path("conformance-report").absolute()
    report.mkdir(exist_ok=True)
    os.environ.setdefault("EPHEMERAL_STATE_DIR", str(report / "state"))
    found = run_specs(any_of(AREAS.get(each, each) for each in wanted), report)
    print(found)
    for pattern, reason in EXCLUDED.items():
        print(f"not run: {pattern}: {reason}")
    sys.exit(1 if found.failed or not found.passed else 0)


if __name__ == "__main__":
    main()
