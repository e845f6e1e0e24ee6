"""Who owns an environment and until when: values and stamps only."""

from ephemeral.leases.lease import Lease, Owner

__all__ = ["Lease", "Owner"]
