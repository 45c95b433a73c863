"""The road in: mailboxes are read, every mail is kept before anything else happens, then understood.

`checking.check` reads one account now; `Reader` reads all of them by itself; `processing` gives mails their effects.
"""
