from click.testing import CliRunner

from ephemeral.cli.schema import schema
from ephemeral.spec.schema import SCHEMA_FILE


def test_schema_prints_the_shipped_file():
    result = CliRunner().invoke(schema)
    assert result.exit_code == 0
    assert result.output == SCHEMA_FILE.read_text()
