"""Every error that ephemeral raises on purpose: one root, an exit code and a slug per class.

::

    EphemeralError                 10  error
    ├── SpecError                  11  bad-spec          ephemeral.yaml, an option or a variable is wrong
    ├── PolicyError                12  policy-conflict   the request loosens what the admin's host policy allows
    ├── ToolError                  13  tool-missing      an outside program can't be found, fetched or built
    │   └── ChecksumError          14  bad-checksum      a download is not what its publisher released
    ├── ProgramError               15  program-failed    an outside program ended with a non-zero code
    ├── ClusterError               16  cluster-failed    a virtual cluster can't be created or has died
    │   ├── kube.transport.ApiError    16              the API server refused or did not answer one request
    │   ├── NameTakenError         17  name-taken        something that is not ours, or is busy, has that name
    │   └── NoEnvironmentError     18  no-environment    no environment of that name here
    ├── WaitError                  19  timed-out         a deadline passed; carries the last observed state
    ├── WorkloadError              20  workload-failed   the app can't become ready: the wait ended at once
    ├── ApplyError                 21  apply-refused     the API server refused an object
    ├── StateError                 22  state-unusable    a directory of ours is full, read-only or not ours
    ├── PreviewError               23  preview-failed    a preview can't be started, go on or be ended
    └── ForgeError                 24  forge-failed      GitHub or GitLab refused something, or did not answer
        └── PermissionMissingError 25  no-permission   the token may not do it; names what it lacks

``ephemeral run`` returns the exit code of the user's command, and 125 for any failure of ours. Code 2 is click's
usage error and nothing else; 0, 1 and 3 are verdicts; 130 and 143 follow SIGINT and SIGTERM.
"""


class EphemeralError(Exception):
    """Root of the tree. ``message`` says what failed and why, ``hint`` what to do next (may be None)."""

    exit_code = 10
    slug = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SpecError(EphemeralError):
    """ephemeral.yaml, an option or an environment variable does not say something valid."""

    exit_code = 11
    slug = "bad-spec"


class PolicyError(EphemeralError):
    """The request is looser than the host policy; the message names both values and where each stands."""

    exit_code = 12
    slug = "policy-conflict"


class ToolError(EphemeralError):
    """An outside program can't be found, downloaded or built."""

    exit_code = 13
    slug = "tool-missing"


class ChecksumError(ToolError):
    """A downloaded file is not the one that its publisher released; it has been deleted."""

    exit_code = 14
    slug = "bad-checksum"


class ProgramError(EphemeralError):
    """An outside program failed; ``returncode`` is its exit code (negative: the signal that ended it)."""

    exit_code = 15
    slug = "program-failed"

    def __init__(self, message: str, *, returncode: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.returncode = returncode


class ClusterError(EphemeralError):
    """A virtual cluster can't be created, reached or kept alive."""

    exit_code = 16
    slug = "cluster-failed"


class NameTakenError(ClusterError):
    """Something of that name exists and is not ours to touch, or another command holds it right now."""

    exit_code = 17
    slug = "name-taken"


class NoEnvironmentError(ClusterError):
    """There is no environment of that name."""

    exit_code = 18
    slug = "no-environment"


class WaitError(EphemeralError):
    """A deadline passed; ``observed`` is the last state that was seen."""

    exit_code = 19
    slug = "timed-out"

    def __init__(self, message: str, *, observed: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.observed = observed


class WorkloadError(EphemeralError):
    """The app can't become ready (image, crash, quota, Pod Security, scheduling): waiting longer is useless."""

    exit_code = 20
    slug = "workload-failed"


class ApplyError(EphemeralError):
    """The API server refused an object; the message carries the object and the server's own words."""

    exit_code = 21
    slug = "apply-refused"


class StateError(EphemeralError):
    """A directory that ephemeral needs can't be used: full, read-only, or owned by somebody else."""

    exit_code = 22
    slug = "state-unusable"


class PreviewError(EphemeralError):
    """A preview can't be started, go on or be ended. That its candidate is worse is no error but a verdict."""

    exit_code = 23
    slug = "preview-failed"


class ForgeError(EphemeralError):
    """GitHub or GitLab refused a request or did not answer in time."""

    exit_code = 24
    slug = "forge-failed"


class PermissionMissingError(ForgeError):
    """There is no token, or it may not do this; ``permission`` names what it lacks, in the forge's own words."""

    exit_code = 25
    slug = "no-permission"

    def __init__(self, message: str, *, permission: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.permission = permission
