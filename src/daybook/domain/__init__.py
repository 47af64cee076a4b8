"""The bookkeeping itself: values in, values out.

Nothing here does I/O, reads a clock or draws a random number, and nothing outside the standard
library is imported. The one entry point that matters is `decide.decide`: a command and the facts
it needs become changes, or refusals that say why not.
"""
