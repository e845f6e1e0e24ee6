"""Assertions that wait: `expect(kube).deployment("web").available(timeout=60)`."""

from pytest_ephemeral.expectations.start import expect

__all__ = ["expect"]
