"""Progress as lines, as GitHub's groups and as a tree; and which of them is used."""

import io
import re
import threading

import pytest
from rich.console import Console

from ephemeral.cli.progress import open_progress
from ephemeral.cli.progress_lines import GitHubLines, Lines
from ephemeral.cli.progress_tree import LiveTree

STAMP = re.compile(r"^\[ *\d+\.\ds\] ")
INJECTED = "well\n::add-mask::x\n  ::stop-commands::y\n##[error]z\r::warning::r\u2028::error::u\x0b::debug::v"
ENDING = re.compile(r"in \d+\.\d s$", re.MULTILINE)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Heard(io.StringIO):
    """A stream that tells when something is written that matches."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.heard = wanted, threading.Event()

    def write(self, text):
        written = super().write(text)
        if self.wanted in text:
            self.heard.set()
        return written


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
        "  Deployment web: 0/2 ready",
        "  Deployment web: 1/2 ready",
        "  Deployment web: 2/2 ready",
        "  Deployment db: 2/2 ready",
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
    assert words(stream).count("  Deployment web: 2/2 ready") == 2


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([], "wait: still waiting\n"),
        ([("Deployment web", "0/2 ready")], "wait: still waiting: Deployment web 0/2 ready\n"),
        ([("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")], "wait: still waiting: b 2; c 3; d 4\n"),
    ],
)
def test_silence_is_broken_with_the_newest_states(states, told):
    stream = Heard(told)
    lines = Lines(stream, silence=0.05)
    with lines.phase("wait"):
        for subject, text in states:
            lines.state(subject, text)
        assert stream.heard.wait(30), stream.getvalue()


def test_nothing_is_repeated_once_a_phase_is_over():
    before = threading.active_count()
    lines = Lines(io.StringIO(), silence=0.05)
    with lines.phase("wait"):
        reminders = [each for each in threading.enumerate() if each.daemon and "_remind" in each.name]
        assert len(reminders) == 1
    reminders[0].join(30)
    assert not reminders[0].is_alive()
    assert threading.active_count() <= before


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
    assert words(stream) == ["::group::apply", "  Deployment web: applied", "::endgroup::", "apply: done in T"]


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
    stream = Heard("still waiting")
    lines = GitHubLines(stream, silence=0.05)
    with lines.phase("wait"):
        lines.state("Pod web", INJECTED)
        assert stream.heard.wait(30)
    assert [each for each in stream.getvalue().splitlines() if is_command(each)] == ["::group::wait", "::endgroup::"]


def test_a_title_stays_one_group():
    stream = io.StringIO()
    with GitHubLines(stream).phase("100%\n::error::x"):
        pass
    assert stream.getvalue().splitlines()[0] == "::group::100%25%0A::error::x"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, width=80, record=True, legacy_windows=False)


def fail_waiting(tree: LiveTree) -> None:
    with tree.phase("wait"):
        tree.state("Pod default/web", "Pulling")
        tree.state("Pod default/web", "ImagePullBackOff [red]")
        raise ValueError("boom")


def printed(console: Console) -> str:
    return console.export_text(clear=False)


def test_tree_ends_as_one_line_a_phase(console):
    tree = LiveTree(console)
    with tree:
        with tree.phase("create"):
            tree.note("pulled [bold]no markup[/bold] [/x]")
        with pytest.raises(ValueError, match="boom"):
            fail_waiting(tree)
    last = ENDING.sub("in T", console.file.getvalue().rpartition("create")[2])
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)
    assert re.search(r"✗ wait  \d+\.\d s", plain)
    assert "Pod default/web  ImagePullBackOff [red]" in plain
    assert "Pulling\n" not in plain
    assert "pulled [bold]no markup[/bold] [/x]" in printed(console)


def frame(tree: LiveTree) -> str:
    shown = Console(file=io.StringIO(), width=80)
    shown.print(tree._render())
    return shown.file.getvalue()


def test_tree_shows_states_below_the_running_phase_only(console):
    tree = LiveTree(console)
    with tree.phase("wait"):
        tree.state("Deployment web", "1/2 ready")
        assert "    Deployment web  1/2 ready" in frame(tree)
    assert re.fullmatch(r"✓ wait  \d+\.\d s\n", frame(tree))


def test_tree_shows_the_newest_of_many(console):
    tree = LiveTree(console)
    with tree.phase("wait"):
        for number in range(40):
            tree.state(f"Pod p{number}", "Pending")
        lines = frame(tree).splitlines()
    assert len(lines) == 13
    assert lines[-1] == "    Pod p39  Pending"


def test_a_state_before_any_phase_is_harmless(console):
    LiveTree(console).state("Pod web", "Pending")


def test_the_users_command_has_the_terminal_to_itself(console):
    tree = LiveTree(console)
    with tree:
        with tree.phase("create"):
            pass
        with tree.phase("run"):
            assert not tree._live.is_started
            console.print("output of the command")
        assert tree._live.is_started
        with tree.phase("down"):
            pass
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
    after = text.rpartition("output of the command")[2]
    assert "create" not in after
    assert re.search(r"✓ run .*", after)
    assert re.search(r"✓ down .*", after)


@pytest.mark.parametrize(
    ("variables", "stream", "kind"),
    [
        ({"GITHUB_ACTIONS": "true"}, io.StringIO, GitHubLines),
        ({"GITHUB_ACTIONS": "true", "TERM": "xterm"}, Terminal, GitHubLines),
        ({"TERM": "xterm"}, Terminal, LiveTree),
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
