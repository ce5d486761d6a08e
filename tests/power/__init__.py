"""Power cuts: what a disk may hold when the power fails, and what hotfolder makes of it.

recorder.py    a file system that notes every change, with its data
disk.py        the model: what may survive of the changes up to a cut
cuts.py        images of the disk after cuts, of every kind
scenario.py    ten pictures, recorded once
checks.py      what must hold for every image
"""
