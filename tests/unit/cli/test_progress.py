"""Progress as lines, as GitHub's groups and as a tree; and which of them is used."""

import io
import re
import sys
import threading

import pytest

from ephemeral.cli.progress import open_progress
from ephemeral.cli.progress_lines import GitHubLines, Lines
from ephemeral.cli.progress_tree import Tree
from ephemeral.process import run
from ephemeral.progress import Silent

STAMP = re.compile(r"^\[ *\d+\.\ds\] ")
INJECTED = "well\n::add-mask::x\n  ::stop-commands::y\n##[error]z\r::warning::r\u2028::error::u\x0b::debug::v"
ENDING = re.compile(r"in \d+\.\d s$", re.MULTILINE)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Heard(io.StringIO):
    """A stream that tells when ``wanted`` has been written so many ``times``."""

    def __init__(self, wanted: str, times: int = 1) -> None:
        super().__init__()
        self.wanted, self.times, self.heard = wanted, times, threading.Event()

    def write(self, text):
        written = super().write(text)
        if self.getvalue().count(self.wanted) >= self.times:
            self.heard.set()
        return written


class HeardTerminal(Heard, Terminal):
    pass


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def words(stream: io.StringIO) -> list[str]:
    """What was printed, without its times."""
    return [ENDING.sub("in T", STAMP.sub("", line)) for line in stream.getvalue().splitlines()]


def test_lines_tell_changes_only():
    stream = io.StringIO()
    lines = Lines(stream)
    with lines.phase("wait"):
        for state in ("0/2 ready", "0/2 ready", "1/2 ready", "1/2 ready", "2/2 ready"):
            lines.state("Deployment web", state)
        lines.state("Deployment db", "2/2 ready")
        lines.note("warming up")
    assert words(stream) == [
        "wait: Deployment web 0/2 ready",
        "wait: Deployment web 1/2 ready",
        "wait: Deployment web 2/2 ready",
        "wait: Deployment db 2/2 ready",
        "warming up",
        "wait: done in T",
    ]


def test_every_line_has_its_time():
    stream = io.StringIO()
    lines = Lines(stream)
    lines.note("one\ntwo")
    assert all(STAMP.match(line) for line in stream.getvalue().splitlines())
    assert words(stream) == ["one", "two"]


def test_a_failed_phase_says_so():
    stream = io.StringIO()
    with pytest.raises(ValueError, match="boom"), Lines(stream).phase("apply"):
        raise ValueError("boom")
    assert words(stream) == ["apply: failed in T"]


def test_a_new_phase_starts_with_no_states():
    stream = io.StringIO()
    lines = Lines(stream)
    for _ in range(2):
        with lines.phase("wait"):
            lines.state("Deployment web", "2/2 ready")
    assert words(stream).count("wait: Deployment web 2/2 ready") == 2


def test_what_changes_on_and_on_gets_a_line_now_and_then():
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock=clock)
    with lines.phase("install"):
        for second in range(120):
            clock.now = float(second)
            lines.state("etcd", f"building, {second}s")
    told = [line for line in words(stream) if "building" in line]
    assert told[:9] == [f"install: etcd building, {second}s" for second in (0, 1, 2, 3, 4, 5, 6, 7, 17)]
    assert len(told) == 8 + 11


def test_the_innermost_phase_speaks():
    stream = io.StringIO()
    lines = Lines(stream)
    with lines.phase("create"):
        with lines.phase("install etcd"):
            lines.state("etcd", "downloading")
        lines.state("certificates", "made")
    assert words(stream) == [
        "install etcd: etcd downloading", "install etcd: done in T", "create: certificates made", "create: done in T",
    ]  # fmt: skip


def test_control_characters_are_spelled_out():
    stream = io.StringIO()
    lines = Lines(stream)
    with lines.phase("wait"):
        lines.note("\x1b[2Jwiped")
        lines.state("Pod \x9b1m", "\x07rings\nagain")
    assert words(stream)[:2] == ["\\x1b[2Jwiped", "wait: Pod \\x9b1m \\x07rings again"]


def test_threads_do_not_tear_lines():
    stream = io.StringIO()
    lines = Lines(stream)

    def tell(number: int) -> None:
        for step in range(8):
            lines.state(f"Deployment {number}", f"{step}/8 ready")

    with lines.phase("wait"):
        threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = [f"wait: Deployment {number} {step}/8 ready" for number in range(8) for step in range(8)]
    assert sorted(words(stream)) == sorted([*expected, "wait: done in T"])


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([], "wait: still waiting\n"),
        ([("Deployment web", "0/2 ready")], "wait: Deployment web 0/2 ready\n"),
        ([("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("b", "5")], "wait: c 3; d 4; b 5\n"),
    ],
)
def test_silence_is_broken_with_the_newest_states(states, told):
    stream = Heard(told, times=2)
    with Lines(stream, silence=0.05) as lines, lines.phase("wait"):
        for subject, text in states:
            lines.state(subject, text)
        assert stream.heard.wait(30), stream.getvalue()


def test_the_users_command_is_not_disturbed_by_lines():
    """No reminder in its output; GitHub does not fold it away."""
    stream, clock = Heard("wait: still waiting"), Clock()
    with GitHubLines(stream, silence=0.01, clock=clock) as lines:
        with lines.phase("run"):
            for _ in range(100):
                clock.now += 1.0
        with lines.phase("wait"):
            clock.now += 1.0
            assert stream.heard.wait(30)
    assert [line for line in words(stream) if "run" in line] == ["run: done in T"]


def test_nothing_is_repeated_in_the_end():
    with Lines(io.StringIO(), silence=0.05) as lines, lines.phase("wait"):
        assert [each for each in threading.enumerate() if each.name == "progress"]
    assert not [each for each in threading.enumerate() if each.name == "progress"]


@pytest.mark.parametrize("kind", [Lines, GitHubLines])
def test_a_closed_stream_does_not_disturb_the_work(kind):
    stream = io.StringIO()
    lines = kind(stream)
    stream.close()
    done = []
    with lines.phase("apply"):
        lines.note("a")
        lines.state("a", "b")
        done.append(True)
    assert done


def test_a_reader_that_went_away_does_not_disturb_the_work():
    class Broken(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError(32, "Broken pipe")

    with Lines(Broken()).phase("apply"):
        pass


def test_groups():
    stream = io.StringIO()
    lines = GitHubLines(stream)
    with lines.phase("apply"):
        lines.state("Deployment web", "applied")
    assert words(stream) == ["::group::apply", "apply: Deployment web applied", "::endgroup::", "apply: done in T"]


def test_a_phase_inside_another_is_no_group():
    """GitHub ends the outer one at the first `::endgroup::`."""
    stream = io.StringIO()
    lines = GitHubLines(stream)
    with lines.phase("create"), lines.phase("install etcd"):
        pass
    assert words(stream) == ["::group::create", "install etcd: done in T", "::endgroup::", "create: done in T"]


def test_a_failed_group_is_closed():
    stream = io.StringIO()
    with pytest.raises(ValueError, match="boom"), GitHubLines(stream).phase("apply"):
        raise ValueError("boom")
    assert words(stream) == ["::group::apply", "::endgroup::", "apply: failed in T"]


def is_command(line: str) -> bool:
    """As the runner sees it: white space before `::` does not count, and `##[` may stand anywhere."""
    return line.lstrip().startswith("::") or "##[" in line


@pytest.mark.parametrize("tell", ["note", "state", "subject"])
def test_what_a_cluster_said_is_no_workflow_command(tell):
    stream = io.StringIO()
    lines = GitHubLines(stream)
    with lines.phase("wait"):
        if tell == "note":
            lines.note(INJECTED)
        else:
            lines.state(*(("Pod web", INJECTED) if tell == "state" else (INJECTED, "x")))
    said = stream.getvalue()
    assert [line for line in said.splitlines() if is_command(line)] == ["::group::wait", "::endgroup::"]
    assert "add-mask" in said
    assert "# #[error]z" in said


def test_repeated_states_are_no_workflow_commands_either():
    stream = Heard("# #[error]z", times=2)
    with GitHubLines(stream, silence=0.05) as lines, lines.phase("wait"):
        lines.state("Pod web", INJECTED)
        assert stream.heard.wait(30)
    assert [each for each in stream.getvalue().splitlines() if is_command(each)] == ["::group::wait", "::endgroup::"]


def test_a_title_stays_one_group():
    stream = io.StringIO()
    with GitHubLines(stream).phase("100%\n::error::x"):
        pass
    assert stream.getvalue().splitlines()[0] == "::group::100%25%0A::error::x"


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def last_frame(stream: io.StringIO) -> list[str]:
    """What remains on the terminal of the last picture: erased frames come before it."""
    picture = stream.getvalue().rpartition("\x1b[2K")[2]
    return [re.sub(r"\d+\.\d s", "T", line.rstrip()) for line in ESCAPES.sub("", picture).splitlines() if line.strip()]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr("ephemeral.cli.progress_tree._HEAD_START_SECONDS", 0.0)


def fail_waiting(tree: Tree) -> None:
    with tree.phase("wait"):
        tree.state("Pod default/web", "Pulling")
        tree.state("Pod default/web", "ImagePullBackOff [red]\x1b[2J")
        raise ValueError("boom")


def test_tree_ends_as_one_line_a_phase():
    stream = Terminal()
    with Tree(stream) as tree:
        with tree.phase("create"):
            tree.note("pulled [bold]no markup[/bold] [/x]\x1b[2J")
        with pytest.raises(ValueError, match="boom"):
            fail_waiting(tree)
    assert last_frame(stream)[-3:] == [
        "✓ create  T", "✗ wait  T", "    Pod default/web  ImagePullBackOff [red]\\x1b[2J",
    ]  # fmt: skip
    assert "pulled [bold]no markup[/bold] [/x]\\x1b[2J" in ESCAPES.sub("", stream.getvalue())
    assert "\x1b[2J" not in stream.getvalue()


def test_tree_shows_states_below_the_running_phase_only():
    stream = HeardTerminal("1/2 ready")
    with Tree(stream) as tree, tree.phase("create"), tree.phase("install etcd"):
        tree.state("Deployment web", "1/2 ready")
        assert stream.heard.wait(30)
    assert last_frame(stream) == ["✓ create  T", "  ✓ install etcd  T"]


def test_tree_shows_the_newest_of_many():
    stream = HeardTerminal("p39")
    with Tree(stream) as tree, tree.phase("wait"):
        for number in range(40):
            tree.state(f"Pod p{number}", "Pending")
        assert stream.heard.wait(30)
    frames = ESCAPES.sub("", stream.getvalue()).split(" wait  ")
    complete = next(frame for frame in frames if "p39" in frame).splitlines()
    assert [line.strip() for line in complete if "Pod" in line] == [
        f"Pod p{number}  Pending" for number in range(28, 40)
    ]


def test_a_long_line_is_cut():
    stream = HeardTerminal("Pod web")
    with Tree(stream) as tree, tree.phase("wait"):
        tree.state("Pod web", "x" * 500)
        assert stream.heard.wait(30)
    assert max(len(line) for line in ESCAPES.sub("", stream.getvalue()).splitlines()) <= 80


def test_tree_has_no_colours_when_asked(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with Tree(stream) as tree, tree.phase("create"):
        pass
    assert "create" in stream.getvalue()
    assert not re.search(r"\x1b\[3\dm", stream.getvalue())


def test_a_state_before_any_phase_is_harmless():
    stream = Terminal()
    with Tree(stream) as tree:
        tree.state("Pod web", "Pending")
    assert stream.getvalue() == ""


def test_the_users_command_has_the_terminal_to_itself():
    stream = Terminal()
    with Tree(stream) as tree:
        with tree.phase("create"):
            pass
        with tree.phase("run"):
            before = stream.getvalue()
            assert not [each for each in threading.enumerate() if each.name == "progress"]
            stream.write("output of the command\n")
        with tree.phase("down"):
            pass
    assert "✓ create" in ESCAPES.sub("", before.replace("\x1b[32m", ""))
    after = ESCAPES.sub("", stream.getvalue().rpartition("output of the command\n")[2])
    assert "create" not in after
    assert re.search(r"✓ run .*\n✓ down ", after)


def test_a_terminal_that_is_gone_does_not_disturb_the_work():
    class Gone(Terminal):
        def write(self, _text):
            raise OSError(5, "Input/output error")

    done = []
    with Tree(Gone()) as tree, tree.phase("create"):
        tree.note("a")
        done.append(True)
    assert done


def test_rich_is_left_alone_until_something_is_drawn(repository):
    """Its import must not come before the launch of the processes."""
    program = (
        "import io, sys\n"
        "class Terminal(io.StringIO):\n"
        "    def isatty(self): return True\n"
        "sys.stderr = Terminal()\n"
        "import ephemeral.cli.progress_tree as tree\n"
        "from ephemeral.cli.progress import open_progress\n"
        "tree._HEAD_START_SECONDS = 60\n"
        "with open_progress() as progress, progress.phase('create'):\n"
        "    print(type(progress).__name__, 'rich' in sys.modules)\n"
        "print('rich' in sys.modules)\n"
    )
    variables = {"TERM": "xterm", "PATH": "/usr/bin"}
    finished = run([sys.executable, "-c", program], env={**variables, "GITHUB_ACTIONS": ""}, cwd=repository, timeout=60)
    assert finished.stdout.split() == ["Tree", "False", "True"]


def test_nothing_at_all_when_stderr_is_closed_or_quiet_is_asked(monkeypatch):
    with open_progress(quiet=True) as progress:
        assert type(progress) is Silent
    monkeypatch.setattr("sys.stderr", None)
    with open_progress() as progress:
        assert type(progress) is Silent


@pytest.mark.parametrize(
    ("variables", "stream", "kind"),
    [
        ({"GITHUB_ACTIONS": "true"}, io.StringIO, GitHubLines),
        ({"GITHUB_ACTIONS": "true", "TERM": "xterm"}, Terminal, GitHubLines),
        ({"TERM": "xterm"}, Terminal, Tree),
        ({"TERM": "dumb"}, Terminal, Lines),
        ({"TERM": "xterm"}, io.StringIO, Lines),
    ],
)
def test_what_fits_where_it_goes(variables, stream, kind, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", stream())
    with open_progress() as progress:
        assert type(progress) is kind
