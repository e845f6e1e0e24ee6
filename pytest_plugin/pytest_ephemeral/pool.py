"""A warm pool that is there before pytest starts: ``python -m pytest_ephemeral.pool [--size 4] [--file PATH]``.

It makes ready clusters of the kind that ephemeral.yaml asks for, stops them, and lets every pytest run of this user
claim from it, for all scopes. It ends with Ctrl-C or SIGTERM, and what nobody has claimed ends with it.
"""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

from ephemeral.errors import EphemeralError
from ephemeral.waiting import Deadline

_FILL_SECONDS = 1800.0
_QUIET_SECONDS = 3.0


def main() -> int:
    """Hold a pool until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m pytest_ephemeral.pool", description=__doc__)
    parser.add_argument("--size", type=int, default=4, help="ready clusters to hold [4]")
    parser.add_argument("--file", type=Path, help="ephemeral.yaml whose kind of cluster is wanted")
    parser.add_argument("--nodes", choices=["real", "simulated"], help="overrides ephemeral.yaml")
    parser.add_argument("--kubernetes", help="overrides ephemeral.yaml")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _hold(options)
    except EphemeralError as error:
        print(error.message, f"hint: {error.hint}" if error.hint else "", sep="\n", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _hold(options: argparse.Namespace) -> int:
    from ephemeral import unique_name
    from ephemeral.errors import SpecError
    from ephemeral.fleet.pool import Pool
    from ephemeral.fleet.pool_service import PoolService
    from ephemeral.spec.load import find_spec, load

    spec = load(options.file or find_spec(Path.cwd())).spec
    given = {"nodes": options.nodes, "kubernetes": options.kubernetes}
    spec = replace(spec, cluster=replace(spec.cluster, **{key: value for key, value in given.items() if value}))
    if spec.cluster.nodes != "simulated":
        raise SpecError("only clusters with simulated nodes can be stopped.", hint="--nodes simulated")
    pool = Pool(spec, size=options.size, name=unique_name, quiet=_QUIET_SECONDS)
    try:
        service = PoolService(pool, spec)
    except OSError:
        raise EphemeralError("another process holds a pool here already.") from None
    try:
        pool.fill(total=sys.maxsize)
        ready = pool.wait_full(Deadline(_FILL_SECONDS))
        room = "" if ready == options.size else f"; there is no memory for {options.size}"
        print(f"{ready} clusters are ready{room}", flush=True)  # noqa: T201
        signal.pause()
    finally:
        service.close()
        pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
