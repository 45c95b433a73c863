"""The sandbox: a mail server on loopback for trying things out, its accounts, and the mail that it caught."""
