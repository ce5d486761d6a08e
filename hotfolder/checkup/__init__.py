"""Looking a whole installation over: each thing is well, or there is something to do about it.

Every check stands by itself: what one finds wrong does not keep the next from looking. Apart from
a trial file in each output folder, nothing is changed.
"""

from hotfolder.checkup.examining import examine
from hotfolder.checkup.findings import Finding, Verdict
from hotfolder.checkup.machine import clock_finding

__all__ = ["Finding", "Verdict", "clock_finding", "examine"]
