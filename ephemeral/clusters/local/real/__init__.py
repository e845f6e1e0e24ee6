"""Real nodes: kubelet, containerd and what they need, inside namespaces of the environment's own."""
