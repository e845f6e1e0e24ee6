"""A real, isolated Kubernetes cluster is one fixture away: the pytest plugin of ephemeral.

::

    def test_the_app_is_ready(ephemeral_environment):
        assert ephemeral_environment.workloads() == {"Deployment default/web": "2/2 ready"}

Installing it is enough; ``pytest --fixtures`` shows what there is.
"""
