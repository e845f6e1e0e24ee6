"""Speaking Kubernetes: client, server-side apply, waits, events, logs. Objects are plain dicts throughout."""
