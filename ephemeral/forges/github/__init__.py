"""GitHub: its runs, its REST API, its deployments."""
