"""An app that fails and dawdles as told: ``python -m bench.faulty --errors 0.05 --seconds 0.02``; prints its port.

Answers name their pod in `x-pod`. In a pod it is given to `python3 -c`, and so imports nothing of ours.
"""

import argparse
import random
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=float, default=0.0, help="the part of the requests that get a 503")
    parser.add_argument("--seconds", type=float, default=0.02, help="median latency")
    parser.add_argument("--spread", type=float, default=0.3, help="standard deviation of the latency's logarithm")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    options = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            # A probe asks whether the app runs, not whether it is any good.
            load = self.path != "/ready"
            if load:
                time.sleep(random.lognormvariate(0, options.spread) * options.seconds)
            self.send_response(503 if load and random.random() < options.errors else 200)
            self.send_header("x-pod", socket.gethostname())
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = _Server((options.address, options.port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
