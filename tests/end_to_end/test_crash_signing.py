"""Killed between signing and publishing: one whole, valid output, and nothing else."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal import reading
from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.driver import Driver
from tests.end_to_end.lookout import Lookout
from tests.end_to_end.test_crash import Bench
from tests.provenance import needs_c2pa, signatory, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotfolder.simulator import RunningServer

pytestmark = needs_c2pa

FILM = Path(__file__).parents[1] / "media/film.mp4"

# A signature cannot be made twice alike, so whatever was signed before a kill counts, or nothing.
KILLS = [
    *(("sign.asked", 1), ("sign.after", 1), ("publish.before", 1)),
    *(("publish.beside", 1), ("publish.after", 1)),
    *(("commit.after", number) for number in (12, 14, 16)),
    *(("commit.before", number) for number in (13, 15, 17)),
]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Give a service whose tasks take no time."""
    with in_thread(Settings(task_s=0.0)) as server:
        yield server


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Give a starter of daemons."""
    with Driver(tmp_path_factory.mktemp("driver") / "log") as driver:
        yield driver


def signing(bench: Bench, folder: Path) -> None:
    """Let the outputs be signed, and the raw results be kept beside them."""
    chain, key = signatory("studio")
    (folder / "chain.pem").write_text(chain)
    secret = folder / "signing.key"
    secret.write_bytes(key)
    secret.chmod(0o600)
    bench.studio.configure(rules=[f'prompt = "{bench.prompt}"\nkeep_raw = true'])
    path = bench.studio.folder / "config.toml"
    table = f'[provenance]\ncertificate_file = "{folder}/chain.pem"\nkey_file = "{secret}"\n'
    bench.studio.reconfigure(path.read_text().replace("[limits]", f"{table}[limits]"))


@pytest.mark.parametrize("point", ["sign.asked", "sign.after", "publish.before"])
async def test_a_film_that_is_killed_while_it_is_signed_stands_there_once(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str
) -> None:
    """As any picture: whole, valid, paid once."""
    bench = Bench(tmp_path / "bench", server, driver, 4100)
    bench.prompt = f"{bench.prompt} {point}"
    signing(bench, tmp_path)
    studio = bench.studio
    studio.simulator.update_settings(result_file=FILM)
    try:
        assert bench.once(point, 1)
        assert not bench.once()
    finally:
        studio.simulator.update_settings(result_file=None)
    assert studio.outputs() == ["_raw/ann.mp4", "ann.mp4"]
    assert (studio.output / "_raw/ann.mp4").read_bytes() == FILM.read_bytes()
    assert state("video/mp4", (studio.output / "ann.mp4").read_bytes()) == "Valid"
    assert len(bench.tasks()) == 1
    assert list((studio.state / "spool").iterdir()) == []


@pytest.mark.parametrize(("point", "number"), KILLS)
async def test_a_signed_output_stands_there_once_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, number: int
) -> None:
    """Its hash is in the journal before it is published: no ann (2).jpg, no broken manifest."""
    bench = Bench(tmp_path / "bench", server, driver, 4000 + number)
    bench.prompt = f"{bench.prompt} {point}"
    signing(bench, tmp_path)
    studio = bench.studio
    with Lookout([studio.output]) as lookout:
        killed = bench.once(point, number)
        assert killed
        assert not bench.once()
    assert not lookout.partial
    if studio.states() == {"in_doubt": 1}:  # killed around the paid call: as for any picture
        assert studio.outputs() == []
        return
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["_raw/ann.jpg", "ann.jpg"]
    content = (studio.output / "ann.jpg").read_bytes()
    assert state("image/jpeg", content) == "Valid"
    (job,) = studio.read(reading.jobs)
    assert job.results[0].sha256 == hashlib.sha256(content).hexdigest()
    assert len(bench.tasks()) == 1
    assert Counter(studio.history("ann.jpg"))["Published"] == 1
    assert list((studio.state / "spool").iterdir()) == []
