"""The process of a command: what holds for all of them, however their words are read."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from hotfolder.cli.redacting import cover_tracebacks
from hotfolder.domain.errors import HotfolderError

_INTERRUPTED: Final = 130


def run(command: Callable[[], object]) -> NoReturn:
    """Run a command and exit with its code."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else it searches all packages for some
    gc.disable()  # until the command's code is loaded, of which nothing is garbage
    cover_tracebacks()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    try:
        command()
    except SystemExit as ended:
        _leave(ended.code if isinstance(ended.code, int) else 0)
    except HotfolderError as error:
        from hotfolder.cli import ending

        ending.complain(error)
        _leave(ending.exit_code(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(1)
    except KeyboardInterrupt:
        _leave(_INTERRUPTED)
    _leave(0)


def loaded() -> None:
    """Collect garbage from now on, among what is not there to stay."""
    gc.freeze()
    gc.enable()


def _leave(code: int) -> NoReturn:
    """Exit, without waiting for threads that hang on a share that is gone."""
    sys.stderr.flush()
    if any(
        not each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    ):
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
