"""The WSGI entry. Works under any WSGI server, before or after a fork."""

from __future__ import annotations

import gc

import jobs
from webapp import create_app

app = create_app()
gc.freeze()  # All of it stays: searching it for garbage would hold up requests for a tenth of a second.
jobs.start_with(app)
