import hashlib
import json

import pytest

from ephemeral.tools.checksums import of_file, published

A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    "text",
    [
        A,
        f"{A}\n",
        A.upper(),
        f"{A}  tool.tar.gz\n",
        f"{B}  other\n{A}  tool.tar.gz\n",
        f"{B}  my-tool.tar.gz\n{A} *tool.tar.gz\n",
        f"{A}  ./tool.tar.gz",
        json.dumps({"assets": [{"name": "x", "digest": None}, {"name": "tool.tar.gz", "digest": f"sha256:{A}"}]}),
    ],
)
def test_each_spelling_gives_the_digest_of_the_file(text):
    assert published(text, "tool.tar.gz") == A


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Not Found",
        "<html>",
        A[:-1],
        f"{A}  tool.tar.gz.sig\n{B}  other\n",
        f"{A[:-1]}  tool.tar.gz\n",
        "{broken",
        "{}",
        json.dumps({"message": "API rate limit exceeded"}),
        json.dumps({"assets": [{"name": "other", "digest": f"sha256:{A}"}]}),
        json.dumps({"assets": [{"name": "tool.tar.gz"}]}),
        json.dumps({"assets": [{"name": "tool.tar.gz", "digest": None}]}),
        json.dumps({"assets": [{"name": "tool.tar.gz", "digest": f"md5:{A}"}]}),
        json.dumps({"assets": ["tool.tar.gz"]}),
    ],
)
def test_what_does_not_name_the_file_gives_none(text):
    assert published(text, "tool.tar.gz") is None


def test_of_file(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert of_file(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()
