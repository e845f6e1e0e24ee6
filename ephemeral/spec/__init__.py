"""What the user asks for: ephemeral.yaml's model, presets, durations and the admin's host policy."""
