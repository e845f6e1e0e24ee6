"""GitHub and GitLab: which run and pull request this is, what people are told there, and when environments go.

"Pull request" also stands for GitLab's merge request. Everything that a pull request brings (its title, branch, files)
is untrusted.
"""

from ephemeral.forges.context import Context, owner_from_ci, read_context

__all__ = ["Context", "owner_from_ci", "read_context"]
