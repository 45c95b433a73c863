"""The command line. `main` is the console script `arauto`; each command lives in the module its row names."""

from __future__ import annotations

from webapp.cli.frame import Row, command_line

COMMANDS: dict[str, Row] = {
    "serve": Row("serving", "Serve the pages and the API, and send, on one address."),
    "worker": Row("serving", "Send and run the periodic jobs without serving pages: an extra node."),
    "migrate": Row("database", "Bring the database to the schema of this version; make what a first start needs."),
    "check": Row("checking", "Check settings, keys, database, accounts and jobs."),
    "config": Row("configuring", "Apply or export the configuration as a YAML file."),
    "user": Row("people", "People who sign in."),
    "token": Row("people", "Tokens that programs sign their HTTP calls with."),
    "emit": Row("emitting", "Record an event: whom it concerns is told."),
    "send-test": Row("testing", "Send test mail by an SMTP account, and show the dialogue with its server."),
    "drain": Row("draining", "Send all that is due, once, in the foreground."),
    "message": Row("messages", "The outbox: list, show, resend and cancel messages."),
    "poll": Row("polling", "Read ACCOUNT, or every enabled inbox account, once, in the foreground."),
    "inbound": Row("inbound", "Mail that comes in: list, show, process again, or say what a file would be."),
}

main = command_line(COMMANDS)
