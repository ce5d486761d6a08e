"""What the commands cost that people type most: CPU seconds beside a shoot that was edited."""

from __future__ import annotations

from hotfolder.simulator import Settings
from tests.benchmarks.arena import arena, once, spent
from tests.benchmarks.frame import Measured, benchmark

PICTURES, PICTURES_SHORT = 300, 20
LOOKING = ("status", "jobs", "explain", "check")
TELLING = ("--version", "--help")


@benchmark("commands", unit="CPU seconds", aim="at most 0.25; --version and --help 0.1")
def commands(*, short: bool) -> Measured:
    """Run status, jobs, explain and check beside 300 finished pictures."""
    with arena(Settings(task_s=0.0)) as studio:
        studio.drop_many(PICTURES_SHORT if short else PICTURES)
        once(studio)
        config = ("-c", str(studio.folder / "config.toml"))
        named = {"explain": (str(next(studio.input.iterdir())),)}
        took = {
            name: spent("-m", "hotfolder", name, *named.get(name, ()), *config).cpu_s
            for name in LOOKING
        }
        told = {name: spent("-m", "hotfolder", name).cpu_s for name in TELLING}
    return Measured(ours=max(took.values()), beside={**took, **told})
