"""The wires: one folder for each interface, all with the same file names.

`kit` is what they share; a wire imports neither another wire nor a store.
"""
