"""Modulus bookkeeping API v1: journals that wait for approval.

plugin.py          paths, methods, and the order in which a request is judged
authentication.py  the two ways to a token, and what a token opens
journals.py        the five operations
codec.py           a body becomes the content of an entry
render.py          an entry becomes a journal
ids.py             journal ids
errors.py          every code, and which one the ledger's refusals become
"""
