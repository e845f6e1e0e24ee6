import errno
import gzip
import os
import socket
import threading

import pytest

from ephemeral import tools
from ephemeral.errors import ChecksumError, SpecError, StateError, ToolError
from ephemeral.tools import connection, fetch, table

CONTENT = os.urandom(300_000)


def refused(status):
    return lambda handler, body: handler.begin(status, 0)


def cut_after(size):
    def fault(handler, body):
        handler.begin(200, len(body))
        handler.wfile.write(body[:size])

    return fault


def hang_up(handler, body):
    handler.connection.shutdown(socket.SHUT_RDWR)


def part(program):
    return program.cached.parent / f".{program.release.rpartition('/')[2]}.part"


def left_beside(program):
    """What an install leaves beside the program, its lock file aside."""
    return {path.name for path in program.cached.parent.iterdir()} - {".lock", program.name}


def content(program):
    assert program.cached.stat().st_mode & 0o777 == 0o755
    return program.cached.read_bytes()


@pytest.mark.parametrize("name", [name for name in table.names() if table.pinned(name).release])
def test_every_program_is_installed_from_its_release(mirror, name):
    program = table.pinned(name)
    mirror.release(program, CONTENT)
    assert tools.require([name]) == {name: program.cached}
    assert content(program) == CONTENT
    assert left_beside(program) == set()
    assert tools.find(name) == program.cached


def test_programs_of_one_release_are_downloaded_once(mirror):
    names = ["containerd", "containerd-shim-runc-v2", "ctr"]
    for name in names:
        mirror.release(table.pinned(name), name.encode())
    found = tools.require(names)
    assert {name: path.read_bytes() for name, path in found.items()} == {name: name.encode() for name in names}
    assert len(mirror.asked(table.pinned("ctr").release)) == 1


def test_what_only_a_distribution_has_is_named_by_its_package(mirror):
    with pytest.raises(ToolError, match=r"nft .* can't be had") as caught:
        tools.require(["nft"])
    assert caught.value.hint == "on Debian and Ubuntu: apt-get install nftables"


def test_what_can_not_be_built_is_named_by_its_packages_all_at_once():
    with pytest.raises(ToolError) as caught:
        tools.require(["runc", "slirp4netns", "nft"])
    assert caught.value.message.count("can't be had:") == 3
    assert caught.value.message.count("github.com/opencontainers/runc/releases") == 1
    assert caught.value.hint == "on Debian and Ubuntu: apt-get install runc slirp4netns nftables"


def test_a_package_of_what_can_be_built_is_not_the_only_advice():
    with pytest.raises(ToolError) as caught:
        tools.require(["etcd"])
    assert all(word in str(caught.value.hint) for word in ("install Go", "Debian packages: etcd-server"))


def test_several_programs_are_installed_in_the_asked_version(mirror):
    names = ["etcd", "kube-apiserver", "kube-scheduler"]
    programs = [table.matching(name, "1.35") for name in names]
    for program in programs:
        mirror.release(program, program.title.encode())
    found = tools.require(names, kubernetes="1.35")
    assert {name: path.read_bytes() for name, path in found.items()} == {
        program.name: program.title.encode() for program in programs
    }


def test_downloads_run_side_by_side(mirror, apiserver):
    """The first is answered only once the second has been asked for."""
    second = table.pinned("kube-scheduler")
    both = threading.Barrier(2, timeout=30)

    def meet(handler, body):
        both.wait()
        handler.begin(200, len(body))
        handler.wfile.write(body)

    for program in (apiserver, second):
        mirror.faults[mirror.release(program, CONTENT)] = [meet]
    assert len(tools.require([apiserver.name, second.name])) == 2


def test_what_is_installed_is_not_fetched_again(mirror, apiserver):
    mirror.release(apiserver, CONTENT)
    tools.require(["kube-apiserver"])
    mirror.requests.clear()
    assert tools.require(["kube-apiserver"]) == {"kube-apiserver": apiserver.cached}
    assert mirror.requests == []


def test_a_wrong_checksum_deletes_the_file_and_says_both(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)
    expected = mirror.files[f"{path}.sha256"].decode()
    mirror.files[path] = b"something else"
    with pytest.raises(ChecksumError) as caught:
        tools.require(["kube-apiserver"])
    assert f"{mirror.url}{path}" in caught.value.message
    assert f"expected is {expected}" in caught.value.message
    assert "its SHA-256 is " in caught.value.message
    assert left_beside(apiserver) == set()
    assert tools.find("kube-apiserver") is None
    assert len(mirror.asked(apiserver.release)) == 1


def test_a_wrong_checksum_is_not_made_up_for_by_a_build(mirror, apiserver, script, tmp_path):
    script(tmp_path / "bin" / "go", "exit 1")
    mirror.files[mirror.release(apiserver, CONTENT)] = b"something else"
    with pytest.raises(ChecksumError):
        tools.require(["kube-apiserver"])


def test_a_body_that_breaks_off_is_resumed(mirror, apiserver):
    mirror.faults[mirror.release(apiserver, CONTENT)] = [cut_after(100_000)]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert mirror.asked(apiserver.release) == [None, "bytes=100000-"]


def test_a_server_without_ranges_makes_it_begin_anew(mirror, apiserver):
    mirror.ranges = False
    mirror.faults[mirror.release(apiserver, CONTENT)] = [cut_after(100_000)]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert mirror.asked(apiserver.release) == [None, "bytes=100000-"]


def test_what_an_earlier_run_left_is_resumed(mirror, apiserver):
    mirror.release(apiserver, CONTENT)
    part(apiserver).parent.mkdir(parents=True)
    part(apiserver).write_bytes(CONTENT[:1000])
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert mirror.asked(apiserver.release) == ["bytes=1000-"]


def test_what_an_earlier_run_finished_is_not_fetched_again(mirror, apiserver):
    mirror.release(apiserver, CONTENT)
    part(apiserver).parent.mkdir(parents=True)
    part(apiserver).write_bytes(CONTENT)
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert mirror.asked(apiserver.release) == []


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 1])
def test_what_an_earlier_run_left_of_another_file_is_thrown_away(mirror, apiserver, size):
    mirror.release(apiserver, CONTENT)
    part(apiserver).parent.mkdir(parents=True)
    part(apiserver).write_bytes(b"x" * size)
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert mirror.asked(apiserver.release)[-1] is None


def test_a_range_that_was_not_asked_for_is_not_taken(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)

    def other_range(handler, body):
        handler.begin(206, len(body), ("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}"))
        handler.wfile.write(body)

    mirror.faults[path] = [cut_after(100_000), other_range]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT


@pytest.mark.parametrize(
    "fault", [refused(500), refused(503), refused(429), hang_up], ids=["500", "503", "429", "hang up"]
)
def test_a_passing_failure_is_tried_again(mirror, apiserver, fault):
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[path] = [fault, fault]
    mirror.faults[f"{path}.sha256"] = [fault]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert len(mirror.asked(apiserver.release)) == 3


def test_a_lasting_failure_is_given_up(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[path] = [refused(500)] * 50
    with pytest.raises(ToolError, match="HTTP 500"):
        tools.require(["kube-apiserver"])
    assert len(mirror.asked(apiserver.release)) == fetch._ATTEMPTS


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_not_tried_again(mirror, apiserver, status):
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[path] = [refused(status)] * 2
    with pytest.raises(ToolError, match=f"{path}: HTTP {status}"):
        tools.require(["kube-apiserver"])
    assert len(mirror.asked(apiserver.release)) == 1


def test_a_missing_checksum_file_ends_it_before_the_download(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)
    del mirror.files[f"{path}.sha256"]
    with pytest.raises(ToolError, match=rf"{path}.sha256: HTTP 404"):
        tools.require(["kube-apiserver"])
    assert mirror.asked(apiserver.release) == []


def test_a_checksum_file_that_breaks_off_is_read_again(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[f"{path}.sha256"] = [cut_after(10)]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT


def test_no_checksum_of_the_file_means_no_download(mirror):
    etcd = table.pinned("etcd")
    mirror.release(etcd, CONTENT)
    mirror.files[mirror.path(etcd.checksum)] = f"{'0' * 64}  another.tar.gz\n".encode()
    with pytest.raises(ToolError, match=r"SHA256SUMS: it has no SHA-256 of etcd-"):
        tools.require(["etcd"])
    assert mirror.asked(etcd.release) == []


def test_a_stalled_server_is_an_error_that_says_so(monkeypatch, mirror, apiserver):
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(fetch, "_ATTEMPTS", 2)
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[path] = [mirror.stop_at_gate(1000), mirror.stop_at_gate(0)]
    with pytest.raises(ToolError, match=r"it stalled: no byte for 0\.2 s"):
        tools.require(["kube-apiserver"])
    assert mirror.asked(apiserver.release) == [None, "bytes=1000-"]


def test_a_server_that_does_not_even_answer_stalls_too(monkeypatch, mirror, apiserver):
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(fetch, "_ATTEMPTS", 1)
    path = mirror.release(apiserver, CONTENT)
    mirror.faults[path] = [lambda handler, body: mirror.gate.wait(60)]
    with pytest.raises(ToolError, match="it stalled"):
        tools.require(["kube-apiserver"])


def test_a_server_may_pause_for_longer_than_connecting_may_take(monkeypatch, mirror, apiserver):
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 1.0)

    def pause(handler, body):
        handler.begin(200, len(body))
        handler.wfile.write(body[:1000])
        handler.wfile.flush()
        mirror.gate.wait(1.5)
        handler.wfile.write(body[1000:])

    mirror.faults[mirror.release(apiserver, CONTENT)] = [pause]
    tools.require(["kube-apiserver"])
    assert mirror.asked(apiserver.release) == [None]


def test_a_redirect_is_followed_and_keeps_the_range(mirror, apiserver):
    path = mirror.release(apiserver, CONTENT)
    mirror.files["/cdn"] = CONTENT

    def redirect(handler, body):
        handler.begin(302, 0, ("Location", f"{mirror.url}/cdn"))

    mirror.faults[path] = [redirect, redirect]
    mirror.faults["/cdn"] = [cut_after(5000)]
    tools.require(["kube-apiserver"])
    assert content(apiserver) == CONTENT
    assert [span for path, span in mirror.requests if path == "/cdn"] == [None, "bytes=5000-"]


@pytest.mark.parametrize("body", [b"no archive", gzip.compress(b"none")], ids=["plain", "gzip"])
def test_an_archive_that_is_none_is_a_failed_download(mirror, body):
    etcd = table.pinned("etcd")
    etcd_without_member = table.Program(**{**vars(etcd), "member": ""})
    mirror.release(etcd_without_member, body)
    with pytest.raises(ToolError, match="has no file etcd-v"):
        tools.require(["etcd"])
    assert tools.find("etcd") is None


@pytest.mark.parametrize("member", ["elsewhere/etcd", "etcd"])
def test_an_archive_without_the_member_is_a_failed_download(mirror, member):
    etcd = table.pinned("etcd")
    mirror.release(table.Program(**{**vars(etcd), "member": member}), CONTENT)
    with pytest.raises(ToolError, match=f"has no file {etcd.member}"):
        tools.require(["etcd"])
    assert not [name for name in left_beside(etcd) if name.startswith(".new-")]


def test_no_network_and_no_go_names_all_that_was_tried(apiserver):
    with pytest.raises(ToolError) as caught:
        tools.require(["kube-apiserver", "etcd"])
    message = caught.value.message
    assert f"{apiserver.title} can't be had:" in message
    assert f"{table.pinned('etcd').title} can't be had:" in message
    assert "EPHEMERAL_TOOLS_DIR: not set" in message
    assert "PATH: not there" in message
    assert f"cache: not at {apiserver.cached}" in message
    assert "download: http://127.0.0.1:1/dl.k8s.io/" in message
    assert "127.0.0.1:1 can't be reached: Connection refused" in message
    assert message.count("go: not on PATH") == 2
    hint = str(caught.value.hint)
    assert all(word in hint for word in ("tools doctor", "EPHEMERAL_TOOLS_DIR", "EPHEMERAL_MIRROR", "install Go"))


def test_the_error_names_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("EPHEMERAL_TOOLS_DIR", str(tmp_path))
    with pytest.raises(ToolError, match=f"EPHEMERAL_TOOLS_DIR: not in {tmp_path}\n"):
        tools.require(["kube-apiserver"])


def test_the_error_says_why_what_is_on_the_machine_is_not_taken(script, tmp_path):
    path = script(tmp_path / "bin" / "kube-apiserver", "echo Kubernetes v1.2.3")
    with pytest.raises(ToolError, match=f"{path}: is 1.2.3, wanted is 1.36.3"):
        tools.require(["kube-apiserver"])


def test_an_unreachable_host_is_not_tried_again_in_this_process(monkeypatch):
    tried = []
    opener = connection.opener

    def counting():
        tried.append(1)
        return opener()

    monkeypatch.setattr(connection, "opener", counting)
    for name in ("kube-apiserver", "kube-scheduler", "etcd"):
        with pytest.raises(ToolError, match="Connection refused"):
            tools.require([name])
    assert len(tried) == 1


def test_a_name_look_up_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 0.1)
    answer = threading.Event()

    def hang(*arguments, **more):
        answer.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(ToolError, match=r"can't be reached: no answer within 0\.1 s"):
            tools.require(["kube-apiserver"])
    finally:
        answer.set()


def test_a_connection_that_comes_too_late_is_closed(monkeypatch, mirror, apiserver):
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 0.1)
    mirror.release(apiserver, CONTENT)
    late, closed = threading.Event(), threading.Event()
    create, close = socket.create_connection, connection._Connection.close

    def slow(*arguments, **more):
        late.wait(60)
        return create(*arguments, **more)

    def closing(self):
        had_socket = self.sock is not None
        close(self)
        if had_socket:
            closed.set()

    monkeypatch.setattr(connection._Connection, "close", closing)
    monkeypatch.setattr(socket, "create_connection", slow)
    with pytest.raises(ToolError, match="no answer within"):
        tools.require(["kube-apiserver"])
    late.set()
    assert closed.wait(30)


@pytest.mark.parametrize("value", ["mirror.example.com", "ftp://mirror", "file:///srv", "https://"])
def test_a_mirror_that_is_no_address_is_said_to_be_none(monkeypatch, value):
    monkeypatch.setenv("EPHEMERAL_MIRROR", value)
    with pytest.raises(SpecError, match="EPHEMERAL_MIRROR"):
        tools.require(["kube-apiserver"])


def test_a_password_in_the_mirrors_address_is_refused_unprinted(monkeypatch):
    monkeypatch.setenv("EPHEMERAL_MIRROR", "https://user:hunter2@mirror.example.com")
    with pytest.raises(SpecError, match="password") as caught:
        tools.require(["kube-apiserver"])
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_mirror_may_lie_in_a_folder(monkeypatch):
    monkeypatch.setenv("EPHEMERAL_MIRROR", "https://mirror.example.com/releases/")
    assert fetch.mirrored("https://dl.k8s.io/v1/x") == "https://mirror.example.com/releases/dl.k8s.io/v1/x"
    monkeypatch.delenv("EPHEMERAL_MIRROR")
    assert fetch.mirrored("https://dl.k8s.io/v1/x") == "https://dl.k8s.io/v1/x"


def test_a_cache_that_can_not_be_made_is_an_error_with_its_path(monkeypatch, mirror, apiserver, tmp_path):
    mirror.release(apiserver, CONTENT)
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(StateError, match=f"{tmp_path}/file/cache/tools/.* can't be written: Not a dir") as caught:
        tools.require(["kube-apiserver"])
    assert "EPHEMERAL_CACHE_DIR" in str(caught.value.hint)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_or_read_only_cache_is_an_error_with_its_path(monkeypatch, mirror, apiserver, number):
    mirror.release(apiserver, CONTENT)

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fetch, "_copy", fail)
    with pytest.raises(StateError, match=f"{apiserver.cached.parent} can't be written: {os.strerror(number)}"):
        tools.require(["kube-apiserver"])
