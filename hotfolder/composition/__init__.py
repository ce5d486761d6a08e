"""The composition root: builds every part and keeps the config in force.

Nothing else constructs owners, but for the command line's read-only journal and the tests.
"""

from hotfolder.composition.composition import Composition
from hotfolder.composition.daemon_parts import Parts
from hotfolder.composition.environment import Environment

__all__ = ["Composition", "Environment", "Parts"]
