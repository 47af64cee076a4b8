"""What can be done with the books, and what it needs of the world.

`ledger` is the one door: every wire, the web UI, the command line and the importer use it.
`ports` says what a store, a clock and an authenticator must offer; nothing here knows which
engine, protocol or program is behind them.
"""
