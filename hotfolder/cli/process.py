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


def run(command: Callable[[], object], *, only_looks: bool = False) -> NoReturn:
    """Run a command and exit with its code.

    One that `only_looks` ends at once: it leaves nothing that Python would have to tidy up.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else it searches all packages for some
    gc.disable()  # until the command's code is loaded, of which nothing is garbage
    cover_tracebacks()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    _leave(_code(command), at_once=only_looks)


def _code(command: Callable[[], object]) -> int:
    """Run a command and return its code; all that it printed is out then."""
    try:
        try:
            command()
        finally:
            if sys.stdout:  # None where whoever began this closed it
                sys.stdout.flush()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except HotfolderError as error:
        from hotfolder.cli import ending

        ending.complain(error)
        return ending.exit_code(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def loaded() -> None:
    """Collect garbage from now on, among what is not there to stay."""
    gc.freeze()
    gc.enable()


def _leave(code: int, *, at_once: bool) -> NoReturn:
    """Exit, without waiting for threads that hang on a share that is gone."""
    sys.stderr.flush()
    if at_once or any(
        not each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    ):
        os._exit(code)
    sys.exit(code)
