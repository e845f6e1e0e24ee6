"""GitLab: its pipelines and its REST API."""
