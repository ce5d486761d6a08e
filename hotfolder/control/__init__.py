"""What an operator may do, and the Unix socket that carries it to the daemon.

Without a daemon the command line takes the lock and grants the wish itself. To ask one takes next
to nothing, so what grants (`control`) and listens (`channel`) is imported by its own name.
"""

from hotfolder.control.asking import SOCKET_NAME, send

__all__ = ["SOCKET_NAME", "send"]
