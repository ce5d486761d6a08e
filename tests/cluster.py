"""A PostgreSQL of the tests' own: a temporary cluster on a Unix socket, begun when first asked for.

Its files need not outlast anything: it never waits for a disk.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Final

import psycopg
import pytest

from hotfolder.journal.database import JournalDatabase
from hotfolder.journal.seat import place_of

PLACES: Final = "/usr/lib/postgresql/*/bin"
LAID_OUT: Final = "laid_out"
OPTIONS: Final = "-c listen_addresses='' -c max_connections=60"
FAST: Final = "-c fsync=off -c full_page_writes=off"
EMPTIED: Final = """
SET session_replication_role = replica;  -- no foreign key is looked at
DO $$ DECLARE each text; BEGIN
    FOR each IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'hotfolder'
        AND tablename <> 'meta' LOOP
        EXECUTE 'DELETE FROM hotfolder.' || each;  -- of few rows, sooner done than TRUNCATE
    END LOOP;
    FOR each IN SELECT quote_ident(sequencename) FROM pg_sequences
        WHERE schemaname = 'hotfolder' AND last_value IS NOT NULL LOOP
        EXECUTE 'ALTER SEQUENCE hotfolder.' || each || ' RESTART';
    END LOOP;
END $$;
DELETE FROM hotfolder.meta WHERE key <> 'schema_version';
"""
NOBODY: Final = 65534  # PostgreSQL refuses to run as root


def programs() -> Path | None:
    """Return where the server's programs are, None where it is not installed."""
    found = sorted(Path("/").glob(PLACES[1:]), key=lambda each: float(each.parent.name))
    on_path = shutil.which("initdb")
    return found[-1] if found else Path(on_path).parent if on_path else None


class Cluster:
    """One server for a whole run of tests, and one database that is emptied for each test.

    `more` are further options of the server. Whoever is in `network` may connect, besides this
    machine.
    """

    def __init__(self, more: str = FAST, network: str = "") -> None:
        self._more = more
        self._network = network
        self._numbers = itertools.count(1)
        self._begun = False

    @cached_property
    def folder(self) -> Path:
        """Begin the server, with one database that has the tables; return where its socket is."""
        if programs() is None:
            pytest.skip("no PostgreSQL is installed here (Debian: apt-get install postgresql)")
        folder = Path(tempfile.mkdtemp(prefix="hf-pg-"))
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        run(folder, "initdb", "-D", "data", "-U", "hotfolder", "-A", "trust", "-E", "UTF8", "-N")
        if self._network:
            with (folder / "data" / "pg_hba.conf").open("a") as allowed:
                allowed.write(f"host all all {self._network} trust\n")
        self.control(folder, "start")
        self._begun = True
        self._make(folder, LAID_OUT)
        JournalDatabase(url_of(folder, LAID_OUT), place_of(folder)).close(is_sound=True)
        return folder

    def database(self) -> str:
        """Return the url of the database with a journal's tables, emptied for this test."""
        url = url_of(self.folder, LAID_OUT)
        with psycopg.connect(url, autocommit=True) as opened:
            opened.execute(EMPTIED)
        return url

    def empty(self) -> str:
        """Return the url of a new database with nothing in it, which takes a while to make."""
        name = f"t{next(self._numbers)}"
        self._make(self.folder, name)
        return url_of(self.folder, name)

    def control(self, folder: Path, action: str, *options: str) -> None:
        """Start, stop or restart the server, and wait until it is done."""
        run(
            folder,
            "pg_ctl",
            "-D",
            "data",
            "-w",
            "-l",
            "log",
            *options,
            "-o",
            f"-k {folder} {OPTIONS} {self._more}",
            action,
        )

    def end(self) -> None:
        """End the server, if it was begun, and take its files away."""
        if self._begun:
            self.control(self.folder, "stop", "-m", "immediate")
            shutil.rmtree(self.folder)

    def _make(self, folder: Path, name: str) -> None:
        with psycopg.connect(url_of(folder, "postgres"), autocommit=True) as opened:
            opened.execute(f"CREATE DATABASE {name} TEMPLATE template0")


def url_of(folder: Path, name: str) -> str:
    """Return the url of a database behind the socket in a folder."""
    return f"postgresql://hotfolder@/{name}?host={folder}"


def run(folder: Path, program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL, as nobody where this is root."""
    place = programs()
    assert place is not None
    user = NOBODY if os.geteuid() == 0 else None
    subprocess.run(
        [place / program, *arguments],
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )


CLUSTER: Final = Cluster()
