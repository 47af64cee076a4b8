"""Codat: companies, connections, journal entries by push, and the reads around them.

The entrance is `plugin`. The reference for people is docs/reference/codat.md.
"""
