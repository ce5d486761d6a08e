"""A seat at a journal that several machines reach: the right to write, renewed, or lost.

It is renewed every 5 s and runs out after 15 s, by the clock of PostgreSQL's server: no machine
need be right about the time, and none that was suspended knows for how long. Which watches its
daemon follows is in `leases`: they are as good as the seat.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.errors import JournalTakenOver, JournalUnavailable
from hotfolder.journal.engine import Place

if TYPE_CHECKING:
    from hotfolder.journal.database import DatabaseConnection

PLACE_NAME: Final = "journal.place"
RENEWED_S: Final = 5.0
LISTENED_S: Final = 0.5
AGAIN_S: Final = 1.0
CLOCK_TOLERANCE_S: Final = 60.0
BEAT_BITS: Final = 62

Connect = Callable[[], "DatabaseConnection"]


def machine_s() -> float:
    """Return the time by this machine's clock, in seconds since 1970."""
    return time.time()


def machine_start() -> str:
    """Return what tells this start of this machine from all others, "" = not known."""
    return MACHINE_CLOCK.start()


def place_of(folder: Path) -> Place:
    """Return which state directory this is; it gets its id with the first question."""
    kept = folder / PLACE_NAME
    with suppress(FileExistsError), kept.open("x") as file:
        file.write(secrets.token_hex(16))
    return _place(kept)


def reader_of(folder: Path) -> Place:
    """Return the same for somebody who may only read the directory."""
    with suppress(OSError):
        return _place(folder / PLACE_NAME)
    return Place("", socket.gethostname(), "")


def _place(kept: Path) -> Place:
    machine, start, locked = socket.gethostname(), machine_start(), kept.parent.stat()
    return Place(
        id=f"{kept.read_text('ascii').strip()} {machine}",
        machine=machine,
        start=f"{start} {locked.st_dev}:{locked.st_ino}" if start else "",
    )


class Seat:
    """The right to write a journal, from one `place`. `lost` says why it is gone, "" = it is not.

    `connect` opens a connection of its own, by which it is renewed whatever the journal does;
    `heard` is called, in the thread of that, when another daemon changed what concerns this one.
    """

    def __init__(
        self, place: Place, name: str, connect: Connect, heard: Callable[[], None]
    ) -> None:
        self.epoch = 0
        self.lost = ""
        self._place = place
        self._name = name
        self._connect = connect
        self._heard = heard
        self._beat = 0
        self._next_beat = _beat()
        self._gate = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, name="journal-seat", daemon=True)

    def take(self, connection: DatabaseConnection) -> None:
        """Sit down, and go on with the watches that were followed from this place.

        Raises JournalUnavailable while a copy of the place has the seat, for all that is known.
        """
        own = {"place": self._place.id, "machine": self._place.machine}
        connection.named("exclude")
        taken = connection.named("taken_seat", start=self._place.start, **own).fetchone()
        if taken is not None:
            connection.execute("ROLLBACK")
            raise JournalUnavailable(
                f"{self._name}: a daemon works from a copy of this state directory on another "
                f"{self._place.machine}, or worked from this one seconds before the machine "
                f"started anew. If it is a copy, give each a state directory of its own"
            )
        row = connection.named("sit_down", start=self._place.start, **own)
        self.epoch = row.fetchone()["epoch"]
        connection.be(self.epoch)
        connection.named("inherit", epoch=self.epoch, **own)
        connection.execute("COMMIT")

    def keep(self) -> None:
        """Renew it from now on, in a thread of its own."""
        self._thread.start()

    def require(self) -> None:
        """Raise JournalTakenOver once it is lost."""
        if self.lost:
            raise JournalTakenOver(self.lost)

    def renew(self, connection: DatabaseConnection) -> None:
        """Have it for longer. Raises JournalTakenOver where its time was over, and others knew.

        Each beat is told until its answer is heard. Where a machine goes on twice, from one picture
        of its memory, the second to beat does not know the beat of the first.
        """
        with self._gate:
            renewed = connection.named(
                "renew",
                epoch=self.epoch,
                place=self._place.id,
                beat=self._beat,
                next_beat=self._next_beat,
            ).fetchone()
            if renewed is not None:
                self._beat, self._next_beat = self._next_beat, _beat()
                self._compare(renewed["now_s"])
                return
        self.lose(
            f"this machine did not answer, and what it followed in {self._name} was left to others "
            f"(or the database was put back from an older copy). Nothing more was submitted here. "
            f"Start hotfolder again: it takes what nobody follows"
        )
        self.require()

    def lose(self, why: str) -> None:
        """Never begin anything again."""
        self.lost = self.lost or why

    def give_back(self, connection: DatabaseConnection) -> None:
        """Let others have at once what was followed from here."""
        connection.named("stand_up", epoch=self.epoch)

    def stop(self) -> None:
        """Renew it no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _compare(self, now_s: float) -> None:
        """Give the journal up where the machine's clock is wrong: times and days would be, too."""
        ahead_s = machine_s() - now_s
        if abs(ahead_s) > CLOCK_TOLERANCE_S:
            self.lose(
                f"the clock of this machine is {abs(ahead_s):.0f} seconds "
                f"{'ahead of' if ahead_s > 0 else 'behind'} that of PostgreSQL's server, which "
                f"{self._name} goes by. Set it right (timedatectl set-ntp true) and start again"
            )

    def _keep_on(self) -> None:
        connection: DatabaseConnection | None = None
        while not self._over.is_set() and not self.lost:
            try:
                connection = connection or self._listening()
                with suppress(JournalTakenOver):
                    self.renew(connection)
                    self._listen(connection)
            except psycopg.Error:
                if connection is not None:
                    connection.close()
                connection = None
                self._over.wait(AGAIN_S)
        if connection is not None:
            connection.close()

    def _listening(self) -> DatabaseConnection:
        connection = self._connect()
        connection.execute("LISTEN hotfolder")
        return connection

    def _listen(self, connection: DatabaseConnection) -> None:
        """Pass on what is heard of others until the seat is to be renewed."""
        until_s = time.monotonic() + RENEWED_S
        while not self._over.is_set() and (left_s := until_s - time.monotonic()) > 0:
            if any(said != str(self.epoch) for said in connection.heard(min(left_s, LISTENED_S))):
                self._heard()


def _beat() -> int:
    return secrets.randbits(BEAT_BITS)
