"""The QuickBooks Online accounting API, version 3, with JSON bodies.

What this wire supports, and how closely, stands in `parity.toml`; the words its callers see when
something is refused stand in `errors`.
"""
