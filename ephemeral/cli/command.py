"""Run the user's command in the foreground and give back its exit code."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ephemeral.cli.signals import Interrupted, held
from ephemeral.errors import EphemeralError, ProgramError

if TYPE_CHECKING:
    from ephemeral.environment import Environment

_GRACE_SECONDS = 3.0
#: prctl(2), linux/prctl.h. Looked up before the fork: a child of a process with threads must not load libraries.
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class CommandError(ProgramError):
    """The user's own command failed; its output has been seen, and its exit code becomes ours."""


def check_command(command: Sequence[str]) -> None:
    """Fail before anything is created when there is no such program. Raises EphemeralError."""
    if shutil.which(command[0]) is None:
        raise EphemeralError(f"command not found: {command[0]}", hint="Give the command after `--`.")


def run_command(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run ``command`` with ``env`` added; its exit code, 128 + N when signal N ended it.

    An interruption of ours reaches it too; it has three seconds to end before it is killed. Should this process be
    killed with SIGKILL, the kernel sends SIGTERM to the command: its cluster is gone then.
    """
    process = None
    parent = os.getpid()
    try:
        with held():
            process = subprocess.Popen(
                command,
                env={**os.environ, **env},
                preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 (takes no lock that a thread could hold)
            )
        return _exit_code(process.wait())
    except Interrupted as interruption:
        if process:
            _end(process, interruption.number)
        raise


def variables_of(environment: "Environment") -> dict[str, str]:
    """What a command finds in its environment: KUBECONFIG, EPHEMERAL_CURRENT and the URLs of what is exposed."""
    urls = environment.urls()
    variables = {f"EPHEMERAL_URL_{service.upper().replace('-', '_')}": url for service, url in urls.items()}
    if urls:
        variables["EPHEMERAL_URL"] = next(iter(urls.values()))
    return variables | {"KUBECONFIG": str(environment.kubeconfig), "EPHEMERAL_CURRENT": environment.name}


def _end_with(parent: int) -> None:
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before the line above
        os._exit(128 + signal.SIGTERM)


def _end(process: "subprocess.Popen[bytes]", number: int) -> None:
    # On a terminal Ctrl-C went to the whole foreground group: a second SIGINT would abort the command's own cleanup.
    if number != signal.SIGINT or not sys.stdin.isatty():
        process.send_signal(number)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exit_code(returncode: int) -> int:
    return returncode if returncode >= 0 else 128 - returncode
