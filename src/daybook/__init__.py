"""Daybook: one double-entry journal that speaks five accounting interfaces."""

__version__ = "0.1.0"
