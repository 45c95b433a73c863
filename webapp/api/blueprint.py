"""The blueprint that the endpoints bind themselves to."""

from __future__ import annotations

from flask_openapi3 import APIBlueprint

from webapp.api.document import PROBLEMS
from webapp.api.problems import HANDLERS

api = APIBlueprint("api", __name__, url_prefix="/api/v1", abp_responses=PROBLEMS)
NUMBER = "<int(max=9223372036854775807):id>"  # the largest number that a database keeps

for _kind, _handler in HANDLERS.items():
    api.register_error_handler(_kind, _handler)
