import pytest

ENVIRON = {
    "TAG": "v2",
    "EMPTY": "",
    "SECRET": "hunter2",
    "EVIL": "a\nttl: 9h\n- [x",
    "COUNT": "3",
    "BRACE": "${SECRET}",
}
LISTED = "env: [TAG, EMPTY, EVIL, COUNT, BRACE, UNSET]\n"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("${TAG}", "v2"),
        ("web:${TAG}-${TAG}", "web:v2-v2"),
        ("${TAG:-latest}", "v2"),
        ("${UNSET:-latest}", "latest"),
        ("x${UNSET:-}", "x"),
        ("x${EMPTY}", "x"),
        ("${EMPTY:-latest}", "latest"),
        ("${UNSET:-a:b-c d}", "a:b-c d"),
        ("$${TAG}", "${TAG}"),
        ("$${SECRET}", "${SECRET}"),
        ("$$${TAG}", "$${TAG}"),
        ("$TAG", "$TAG"),
        ("cost: 5$ {TAG}", "cost: 5$ {TAG}"),
        ("${EVIL}", "a\nttl: 9h\n- [x"),
        ("${BRACE}", "${SECRET}"),
    ],
)
def test_replacement(written, read_as, read):
    spec = read(f"{LISTED}images: {{web: '{written}'}}", environ=ENVIRON).spec
    assert spec.images == {"web": read_as}
    assert spec.ttl == "1h"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "${SECRET}",
            (
                "${SECRET} may not be read; list SECRET under `env:` or pass --env SECRET. "
                "Other variables stay unseen: they may be secrets."
            ),
        ),
        (
            "${SECRET:-none}",
            (
                "${SECRET:-none} may not be read; list SECRET under `env:` or pass --env SECRET. "
                "Other variables stay unseen: they may be secrets."
            ),
        ),
        ("${UNSET}", "${UNSET} is not set; set it, or write ${UNSET:-default}."),
        ("${TAG", "${TAG is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
        ("${}", "${} is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
        ("${TAG-x}", "${TAG-x} is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
        ("${TAG:?x}", "${TAG:?x} is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
        ("${ TAG }", "${ TAG } is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
        ("${TAG:-${UNSET}}", "${TAG:-${UNSET} is not ${NAME} or ${NAME:-default}; to keep it as text, write $${."),
    ],
)
def test_complaint(written, complaint, complaints):
    assert complaints(f"{LISTED}images:\n  web: '{written}'", environ=ENVIRON) == [
        f"ephemeral.yaml:3: images.web: {complaint}"
    ]


def test_option_lets_a_variable_be_read(read):
    spec = read("images: {web: 'a:${SECRET}'}", environ=ENVIRON, allow_env=("SECRET",)).spec
    assert spec.images == {"web": "a:hunter2"}


def test_one_name_may_stand_without_a_list(read):
    assert read("env: TAG\nimages: {web: '${TAG}'}", environ=ENVIRON).spec.images == {"web": "v2"}


def test_numbers_and_booleans_may_come_from_variables(read):
    text = f"{LISTED}cluster: {{simulated: {{count: '${{COUNT}}'}}}}\n"
    assert read(text, environ=ENVIRON).spec.cluster.simulated.count == 3


def test_keys_are_not_replaced(read):
    assert read(f"{LISTED}images: {{'${{TAG}}': x}}", environ=ENVIRON).spec.images == {"${TAG}": "x"}


def test_a_variable_is_one_word_of_the_command(read):
    spec = read(f"{LISTED}test: pytest ${{EVIL}} '-k ${{TAG}}'", environ=ENVIRON).spec
    assert spec.test == ("pytest", ENVIRON["EVIL"], "-k v2")


def test_overrides_are_taken_as_they_are(read):
    overrides = {"images.web": "${SECRET}", "test": "echo ${SECRET}"}
    spec = read(LISTED, environ=ENVIRON, overrides=overrides).spec
    assert spec.images == {"web": "${SECRET}"}
    assert spec.test == ("echo", "${SECRET}")


@pytest.mark.parametrize(
    "line",
    [
        "ttl: '${SECRET}'",
        "name: '${SECRET}_'",
        "cluster: {provider: '${SECRET}'}",
        "cluster: {simulated: {count: '${SECRET}'}}",
        "isolation: {network: {allow-egress: ['x${SECRET}']}}",
        "isolation: {quota: {pods: '${SECRET}'}}",
        "app: '${SECRET}'",
    ],
)
def test_no_message_shows_what_a_variable_held(line, complaints):
    message = "\n".join(complaints(f"env: [SECRET]\n{line}", environ=ENVIRON))
    assert "hunter2" not in message
    assert "${SECRET}" in message


@pytest.mark.parametrize("env", ["{A: 1}", "5", "[[TAG]]", "true"])
def test_a_wrong_list_allows_nothing(env, complaints):
    lines = complaints(f"env: {env}\nimages: {{web: '${{TAG}}'}}", environ=ENVIRON)
    assert [line.split(": ")[1] for line in lines][-1] == "images.web"
    assert lines[0].startswith("ephemeral.yaml:1: env")
