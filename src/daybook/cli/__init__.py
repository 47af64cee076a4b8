"""The command line: thin commands over the same door that every wire uses."""
