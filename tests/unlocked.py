"""A worker on a kernel that has neither of the two locks."""

from __future__ import annotations

from hotfolder.kinds.workshop import confinement, worker


def _without_locks() -> confinement.Confinement:
    return confinement.Confinement(landlock=0, filtered=False)


if __name__ == "__main__":
    worker.main(confine=_without_locks)
