"""What an operator may do, and the Unix socket that carries it to the daemon.

Without a daemon the command line takes the lock and grants the wish itself.
"""

from hotfolder.control.channel import SOCKET_NAME, send, serve
from hotfolder.control.control import Control

__all__ = ["SOCKET_NAME", "Control", "send", "serve"]
