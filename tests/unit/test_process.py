"""Running programs: output, endings and what must not be told."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ephemeral.errors import ProgramError, ToolError
from ephemeral.process import describe_exit, redact, run
from ephemeral.waiting import Deadline, NotYet, wait_until

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    {child}
    open({ready!r} + "~", "w").write(str(os.getpid()))
    os.rename({ready!r} + "~", {ready!r})
    time.sleep(300)
time.sleep(300)
"""


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch):
    monkeypatch.setattr("ephemeral.process._KILL_GRACE_SECONDS", 0.2)


@pytest.fixture
def ready(tmp_path, monkeypatch) -> Path:
    """A file for a process id; the program's time is over as soon as it is there, however slow the machine."""
    path = tmp_path / "pid"
    communicate = subprocess.Popen.communicate
    calls = []

    def overrun(process, text=None, timeout=None):
        calls.append(timeout)
        if len(calls) > 1:
            return communicate(process, timeout=timeout)
        wait_for(path)
        raise subprocess.TimeoutExpired(process.args, timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", overrun)
    return path


def python(code: str, **options):
    return run([sys.executable, "-c", code], **{"timeout": 60, **options})


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_for(path: Path) -> None:
    def probe():
        if not path.exists():
            raise NotYet(f"no {path.name}")

    wait_until(probe, deadline=Deadline(60), what=str(path))


def wait_for_end(pid: int) -> None:
    def probe():
        if is_running(pid):
            raise NotYet(f"{pid} runs")

    wait_until(probe, deadline=Deadline(10), what=f"end of {pid}")


def test_output_of_both_streams():
    done = python("import sys; print('out'); print('err', file=sys.stderr)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")
    assert done.argv[0] == sys.executable


def test_input_is_handed_over():
    assert python("print(input() + '!')", stdin="hello").stdout == "hello!\n"


def test_without_input_there_is_none_to_wait_for():
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_folder_and_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "1")
    done = python(
        "import os; print(os.getcwd(), os.environ['KEPT'], os.environ['NEW'])", cwd=tmp_path, env={"NEW": "2"}
    )
    assert done.stdout == f"{tmp_path} 1 2\n"


def test_bytes_that_are_no_text_do_not_hurt():
    assert "ok" in python("import sys; sys.stdout.buffer.write(b'\\xff ok')").stdout


def test_failure_carries_code_and_reason():
    with pytest.raises(ProgramError) as raised:
        python("import sys; print('noise'); sys.exit('no such chart')")
    assert raised.value.returncode == 1
    assert raised.value.message.endswith("\nexited with code 1:\n    no such chart")
    assert raised.value.message.startswith(f"$ {sys.executable} -c ")


def test_failure_without_errors_shows_its_output():
    with pytest.raises(ProgramError, match=r"exited with code 3:\n    only this$"):
        python("import sys; print('only this'); sys.exit(3)")


def test_failure_without_a_word():
    with pytest.raises(ProgramError, match=r"exited with code 4$"):
        python("raise SystemExit(4)")


def test_unchecked_failure_is_the_callers():
    assert python("raise SystemExit(3)", check=False).returncode == 3


def test_end_by_signal_is_named():
    with pytest.raises(ProgramError, match=r"was ended by SIGKILL$") as raised:
        python("import os; os.kill(os.getpid(), 9)")
    assert raised.value.returncode == -9


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exited with code 0"), (-15, "was ended by SIGTERM"), (137, "exited with code 137")]
)
def test_describe_exit(code, words):
    assert describe_exit(code) == words


def test_only_the_tail_of_long_output_is_shown():
    with pytest.raises(ProgramError) as raised:
        python("import sys; [print(f'line {n}', file=sys.stderr) for n in range(100)]; sys.exit(1)")
    lines = raised.value.message.splitlines()
    assert lines[-1] == "    line 99"
    assert lines[-20] == "    line 80"
    assert "    line 79" not in lines


def test_missing_program():
    with pytest.raises(ToolError, match=r"^no-such-program can't be run: No such file or directory$"):
        run(["no-such-program"], timeout=1)


def test_file_that_is_no_program(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(ToolError, match=r"can't be run: Permission denied$"):
        run([script], timeout=1)


def test_overrun_is_told_with_what_was_said_so_far():
    with pytest.raises(ProgramError) as raised:
        run(["sh", "-c", "echo pulling >&2; exec sleep 300"], timeout=2)
    assert raised.value.message.endswith("\nwas still running after 2 s and was ended:\n    pulling")
    assert raised.value.returncode is None


@pytest.mark.parametrize("child", ["pass", "os.close(0); os.close(1); os.close(2)"], ids=["with output", "detached"])
def test_overrun_ends_grandchildren_that_ignore_the_first_signal(ready, child):
    with pytest.raises(ProgramError, match="still running"):
        python(STUBBORN.format(ready=str(ready), child=child))
    wait_for_end(int(ready.read_text()))


def test_grandchild_does_not_survive_an_obedient_parent(ready):
    """The parent ends on SIGTERM and nothing holds the output: its end says nothing about the others."""
    code = f"""
import os, signal, time
if not os.fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(0); os.close(1); os.close(2)
    open({str(ready)!r} + "~", "w").write(str(os.getpid()))
    os.rename({str(ready)!r} + "~", {str(ready)!r})
    time.sleep(300)
time.sleep(300)
"""
    with pytest.raises(ProgramError, match="still running"):
        python(code)
    wait_for_end(int(ready.read_text()))


def test_an_interruption_ends_the_program(tmp_path):
    ready = tmp_path / "pid"
    code = f"""
import os, signal, time
open({str(ready)!r}, "w").write(str(os.getpid()))
os.kill(os.getppid(), signal.SIGUSR1)
time.sleep(300)
"""

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            python(code)
    finally:
        signal.signal(signal.SIGUSR1, before)
    wait_for_end(int(ready.read_text()))


def fail_with(text: str, *arguments: str, secrets) -> str:
    with pytest.raises(ProgramError) as raised:
        run(
            [sys.executable, "-c", f"import sys; sys.exit({text!r})", *arguments],
            timeout=60,
            secrets=secrets,
        )
    return raised.value.message


def test_secrets_are_hidden_in_command_and_output():
    message = fail_with("token s3cret is wrong", "--password=s3cret", secrets=["s3cret"])
    assert "s3cret" not in message
    assert "token *** is wrong" in message


def test_secrets_may_come_one_by_one():
    assert "s3cret" not in fail_with("s3cret", "s3cret", secrets=(each for each in ["s3cret"]))


def test_a_secret_with_quotes_in_it():
    message = fail_with("refused", "it's me", secrets=["it's me"])
    assert "it's me" not in message
    assert shlex.quote("it's me") not in message


def test_a_secret_of_several_lines():
    message = fail_with("bad key: AAAA\nBBBB!", secrets=["AAAA\nBBBB"])
    assert "BBBB" not in message.partition("exited")[2]


def test_a_secret_that_begins_like_another():
    assert redact("abcdef and abc", ["abc", "abcdef"]) == "*** and ***"


def test_an_empty_secret_hides_nothing():
    assert redact("text", ["", "x"]) == "te***t"
