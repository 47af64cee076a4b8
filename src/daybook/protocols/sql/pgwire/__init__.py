"""The PostgreSQL frontend/backend protocol 3.0 without input or output: bytes to values and back.

Nothing here knows tables or bookkeeping, so that it can be tested alone.
"""
