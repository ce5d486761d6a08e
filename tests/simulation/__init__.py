"""The whole program in virtual time: a seed is a studio, its service, its people and its faults.

Threads run inline, the network is a call, the journal's SQLite is real. A seed replays to the same
list of what happened: `python -m tests.simulation --seed N`.
"""
