"""Looking a whole installation over: each thing is well, or there is something to do about it.

Every check stands by itself: what one finds wrong does not keep the next from looking. Apart from
a trial file in each output folder, nothing is changed.
"""
