"""The one subprocess runner: argv lists, a deadline, and no secret in what it reports."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ephemeral.errors import ProgramError, ToolError

_TAIL_LINES = 20
_KILL_GRACE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What a program left behind: its exit code (negative: signal number) and its decoded output."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    secrets: Iterable[str] = (),
) -> Finished:
    """Run a program to its end and return its output.

    ``timeout`` is in seconds; when it passes, the program's whole process group is ended. ``env`` is added to this
    process's environment. Strings in ``secrets`` are replaced by ``***`` in errors.

    Raises ToolError when there is no such program, ProgramError when it overruns or (with ``check``) fails.
    """
    words = tuple(str(word) for word in argv)
    secrets = tuple(secrets)
    process = _spawn(words, stdin=stdin is not None, cwd=cwd, env=env)
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        stdout, stderr = _end_group(process)
        message = f"{_spell(words, secrets)}\nwas still running after {timeout:g} s and was ended"
        raise ProgramError(_with_output(message, stdout, stderr, secrets)) from None
    except BaseException:
        _end_group(process)
        raise
    if check and process.returncode != 0:
        message = f"{_spell(words, secrets)}\n{describe_exit(process.returncode)}"
        raise ProgramError(_with_output(message, stdout, stderr, secrets), returncode=process.returncode)
    return Finished(argv=words, returncode=process.returncode, stdout=stdout, stderr=stderr)


def describe_exit(returncode: int) -> str:
    """Say how a program ended: ``exited with code 1`` or ``was ended by SIGKILL``."""
    if returncode >= 0:
        return f"exited with code {returncode}"
    return f"was ended by {signal.Signals(-returncode).name}"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in ``text`` by ``***``, the longest first: one may be the beginning of another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _spawn(
    words: tuple[str, ...], *, stdin: bool, cwd: Path | None, env: Mapping[str, str] | None
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"{words[0]} can't be run: {error.strerror}") from error


def _end_group(process: subprocess.Popen[str]) -> tuple[str, str]:
    """SIGTERM, a grace period, SIGKILL: to the group that we made, so that no grandchild survives."""
    output = "", ""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        # A grandchild that ignores SIGTERM may have let go of the output: the program's own end proves nothing.
        with suppress(subprocess.TimeoutExpired):
            output = process.communicate(timeout=_KILL_GRACE_SECONDS)
    return output


def _spell(words: tuple[str, ...], secrets: Iterable[str]) -> str:
    # Before quoting, which would change a secret that has quotes in it.
    return "$ " + shlex.join(redact(word, secrets) for word in words)


def _with_output(message: str, stdout: str, stderr: str, secrets: Iterable[str]) -> str:
    lines = redact(stderr.strip() or stdout.strip(), secrets).splitlines()[-_TAIL_LINES:]
    tail = "\n".join(f"    {line}" for line in lines)
    return f"{message}:\n{tail}" if tail else message
