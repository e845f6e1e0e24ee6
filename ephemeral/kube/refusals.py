"""What the API server's refusals mean: which pass by themselves, and what to do about the others."""

import re
from collections.abc import Sequence

from ephemeral.errors import ApplyError
from ephemeral.kube.objects import Manifest, Object, subject
from ephemeral.kube.transport import ApiError

_PASSING_STATUS = frozenset({0, 429, 502, 503, 504})

# Refusals that other controllers end within moments: quotas and ServiceAccounts of a new namespace, a webhook whose
# pods are starting, a kind whose CRD is being published.
_PASSING = re.compile(
    r"failed calling webhook"
    r"|status unknown for quota"
    r"|error looking up service account .* not found"
    r"|because it is being terminated"
    r"|object is being deleted"
    r"|no matches for kind"
    r"|could not find the requested resource"
    r"|etcdserver: "
)

_WRONG_VALUE = re.compile(r"&value\.valueUnstructured\{Value:(.*)\}")

_HINTS = {
    r"field is immutable|may not change once set|updates to \S+ spec for fields other than": (
        "this field can't change on a live object: delete the object, or give it another name"
    ),
    r"exceeded quota": "raise `isolation.quota` in ephemeral.yaml, or ask for less",
    r"violates PodSecurity": "fix the securityContext, or loosen `isolation.pod-security` in ephemeral.yaml",
    r"field not declared in schema|unknown field|strict decoding error": "is the field spelled as in the API?",
    r"expected string, got": "put the value in quotes",
    r"must be less than or equal to \w+ limit": (
        "the request is above the default limit: state a limit, or raise `isolation.default-limits`"
    ),
    r"namespaces \S+ not found": "add a Namespace object of that name to the manifests",
    r"failed calling webhook": "no pod answers this webhook; simulated nodes never run one",
    r"admission webhook \S+ denied": "the app's own validating webhook refused it",
}


def passes(error: ApiError) -> bool:
    """Whether the same request may succeed when it is simply sent again."""
    if error.status == 409:
        return error.reason == "Conflict"
    return error.status in _PASSING_STATUS or is_passing(error.message)


def is_passing(words: str) -> bool:
    """Whether a refusal in these words ends without anybody's doing."""
    return bool(_PASSING.search(words))


def words_of(error: ApiError, item: Object) -> str:
    """The server's words, without the Go around a value of the wrong type, and without any value of a Secret."""
    return _WRONG_VALUE.sub("***" if item["kind"] == "Secret" else r"\1", error.message)


def hint_for(words: str) -> str | None:
    """What to do about a refusal, by the server's words."""
    return next((hint for pattern, hint in _HINTS.items() if re.search(pattern, words)), None)


def refused(refusals: Sequence[tuple[Manifest, str]]) -> ApplyError:
    """One error for every refused object: name, where it is written, the server's own words."""
    lines = [f"{subject(item.object)} ({item.origin}): {words}" for item, words in refusals]
    hints = dict.fromkeys(hint for _, words in refusals if (hint := hint_for(words)))
    if len(lines) > 1:
        lines = [f"{len(lines)} objects were refused", *(f"  {line}" for line in lines)]
    return ApplyError("\n".join(lines), hint="\n".join(hints) or None)
