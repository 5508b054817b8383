"""`signalengine up` with stand-ins for its components: real processes that do almost nothing.

    python -m tests.flows.services.standin [NAME=PROGRAM...]

A NAME=PROGRAM replaces the program, Python text, of one part. Only the patience is shorter than in life.
"""

import sys

from flows.__main__ import main
from flows.commands import up
from flows.services import stack, supervisor

WEB = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

HTTPServer((os.environ["SIGNALENGINE_API_HOST"], int(os.environ["SIGNALENGINE_API_PORT"])), Handler).serve_forever()
"""
SLEEP = "import time; print('begun', flush=True); time.sleep(600)"

if __name__ == "__main__":
    programs = {"api": WEB, "engine": SLEEP, "collector": SLEEP}
    programs |= dict(word.split("=", 1) for word in sys.argv[1:])
    commands = {name: [sys.executable, "-c", program] for name, program in programs.items()}
    supervisor.BACKOFF_MAX_S, stack.EXTERNAL_TIMEOUT_S = 0.1, 1.0
    run = up.run
    up.run = lambda options: run(options, commands)  # type: ignore[assignment,misc]
    sys.exit(main(["up"]))
