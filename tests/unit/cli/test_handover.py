"""What later jobs are told."""

import pytest

from ephemeral.cli.handover import write_dotenv
from ephemeral.errors import StateError


def test_name_and_urls(tmp_path):
    write_dotenv(tmp_path / "job.env", "shop", {"web-ui": "http://a.test/", "api": "http://b.test/v1?x=1"})
    assert (tmp_path / "job.env").read_text().splitlines() == [
        "EPHEMERAL_CURRENT=shop",
        "EPHEMERAL_URL_WEB_UI=http://a.test/",
        "EPHEMERAL_URL_API=http://b.test/v1?x=1",
        "EPHEMERAL_URL=http://a.test/",
    ]


def test_place_that_can_not_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="can't be written"):
        write_dotenv(tmp_path / "file/job.env", "shop", {})
