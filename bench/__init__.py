"""Claims about speed, each with the script that measures it.

`make bench` runs them all and prints one table; `make bench ARGS="posting reading"` runs some.
Machines differ and are noisy, so what counts are the ratios between two figures of one run: ours
beside a floor (`floor`) that does the least any server could do on the same machine.
"""
