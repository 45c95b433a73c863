"""The WSGI entry. Works under any WSGI server, before or after a fork."""

from __future__ import annotations

import jobs
from webapp import create_app

app = create_app()
jobs.start_with(app)
