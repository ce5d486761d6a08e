"""A stand-in for the remote service over real HTTP, for the demo and the tests.

It is written from what is known of the service and knows nothing of the client, so
that the two can disagree.
"""

from hotfolder.simulator.faults import Fault
from hotfolder.simulator.ledger import Ledger, TaskEntry
from hotfolder.simulator.server import RunningServer, in_thread, running, serve
from hotfolder.simulator.service import Simulator
from hotfolder.simulator.settings import Settings

__all__ = [
    "Fault",
    "Ledger",
    "RunningServer",
    "Settings",
    "Simulator",
    "TaskEntry",
    "in_thread",
    "running",
    "serve",
]
