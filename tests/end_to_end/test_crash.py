"""A daemon killed at every commit, before and after every answer, and around every publishing.

Whatever the moment: no picture is lost, none is paid twice, nothing half-done is ever visible.
"""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hotfolder.control.reviewing import DECISIONS
from hotfolder.journal import reading, reviews
from hotfolder.simulator import Fault, Settings, in_thread
from tests.cluster import CLUSTER
from tests.end_to_end.driver import Driver
from tests.end_to_end.lookout import Lookout
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotfolder.simulator import RunningServer

POINTS = (
    "commit.before",
    "commit.after",
    "mark.before",
    "mark.after",
    "submit.sending",
    "submit.answered",
    "upload.answered",
    "query.answered",
    "download.answered",
    "publish.before",
    "publish.after",
)
AROUND_THE_SUBMIT = {
    *("commit.before", "commit.after", "mark.before", "mark.after"),
    *("submit.sending", "submit.answered"),
}
MOST_KILLS = 60
APP_RULE = """app = "1877265245566922753"
nodes = { "3.seed" = 7 }
[[app]]
id = "1877265245566922753"
[app.nodes]
"39.image" = { type = "IMAGE" }
"52.prompt" = { type = "STRING" }
"3.seed" = { type = "INT" }
"""
# A commit is passed about twenty times on a picture's way; its kills are shared out.
SHARES = [
    (point, first, step)
    for point in POINTS
    for step in [4 if point.startswith("commit") else 1]
    for first in range(step)
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


class Bench:
    """One studio with one picture, whose daemon is killed."""

    def __init__(
        self,
        folder: Path,
        server: RunningServer,
        driver: Driver,
        number: int,
        rule: str = "",
        journal: str = "",
    ) -> None:
        folder.mkdir()
        self.studio = Studio(folder, server)
        self.prompt = f"Number {number} in {folder}"
        self._driver = driver
        self.studio.configure(rules=[f'prompt = "{self.prompt}"\n{rule}'], journal=journal)
        self.studio.drop("ann.jpg", number=number)

    def once(self, *failpoint: object) -> bool:
        """Run the daemon; return whether it was killed."""
        code = self._driver.once(self.studio.folder / "config.toml", *failpoint)
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def tasks(self) -> list[str]:
        """Return the ids of the tasks that the service accepted for this studio."""
        ledger = self.studio.ledger()
        return [task.task_id for task in ledger.tasks if task.prompt == self.prompt]


@pytest.mark.parametrize(("point", "first", "step"), SHARES)
async def test_a_kill_loses_nothing_and_pays_once(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, first: int, step: int
) -> None:
    """At the N-th passing of a point, for every N until the daemon lives to the end."""
    await kill_at_each(
        lambda number: Bench(tmp_path / str(number), server, driver, number), point, first, step
    )


@pytest.mark.parametrize(("point", "first", "step"), SHARES)
async def test_a_kill_over_a_database_loses_nothing_and_pays_once(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, first: int, step: int
) -> None:
    """The same with the journal in PostgreSQL."""

    def bench(number: int) -> Bench:
        folder, url = tmp_path / str(number), CLUSTER.database()
        return Bench(folder, server, driver, number, journal=url)

    await kill_at_each(bench, point, first, step)


async def kill_at_each(begun: Callable[[int], Bench], point: str, first: int, step: int) -> None:
    """Kill at each passing of a point, each time on a bench that is `begun` by its number."""
    for number in range(1 + first, MOST_KILLS, step):
        bench = begun(number)
        with Lookout([bench.studio.output]) as lookout:
            killed = bench.once(point, number)
            assert len(bench.tasks()) <= 1
            assert not killed or not bench.once()
            await assert_paid_and_published_once(bench, point)
        assert lookout.seen
        assert not lookout.partial
        if not killed:
            print(f"{point}: lived through number {number}")  # noqa: T201  for -rP
            return
    pytest.fail(f"{point} is passed more than {MOST_KILLS} times")


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, 4))]
)
async def test_a_run_of_an_app_is_paid_once_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, first: int
) -> None:
    """Killed after every commit on its way, an app's job is paid and published once."""
    for number in range(1 + first, MOST_KILLS, 4):
        bench = Bench(tmp_path / str(number), server, driver, 5000 + number, rule=APP_RULE)
        killed = bench.once("commit.after", number)
        assert len(bench.tasks()) <= 1
        assert not killed or not bench.once()
        await assert_paid_and_published_once(bench, "commit.after")
        if not killed:
            return
    pytest.fail(f"there are more than {MOST_KILLS} commits")


async def assert_paid_and_published_once(bench: Bench, point: str) -> None:
    """Check the end; a doubt is allowed where it must be, and is settled as an operator would."""
    studio = bench.studio
    if studio.states() == {"in_doubt": 1}:
        assert point in AROUND_THE_SUBMIT
        assert studio.outputs() == []
        tasks = bench.tasks()
        wish = {"task_id": tasks[0]} if tasks else {"resend": True}
        await studio.act("resolve", job=studio.job("ann.jpg")["id"], **wish)
        assert not bench.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["ann.jpg"]
    assert len(bench.tasks()) == 1
    kinds = Counter(studio.history("ann.jpg"))
    assert kinds["Published"] == kinds["Accepted"] == 1


@pytest.mark.parametrize("number", range(6, 42, 5))
async def test_twins_are_paid_once_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, number: int
) -> None:
    """The same picture under two names: one task, two outputs, also with an emptied spool."""
    bench = Bench(tmp_path / "twins", server, driver, 1000 + number)
    studio = bench.studio
    studio.drop("bob.jpg", number=1000 + number)
    killed = bench.once("commit.after", number)
    if number % 2 and (studio.state / "spool").exists():
        for spooled in (studio.state / "spool").iterdir():
            spooled.unlink()
    assert not killed or not bench.once()
    doubtful = [job["id"] for job in studio.jobs() if job["state"] == "in_doubt"]
    for job in doubtful:
        tasks = bench.tasks()
        wish = {"task_id": tasks[0]} if tasks else {"resend": True}
        await studio.act("resolve", job=job, **wish)
        assert not bench.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(bench.tasks()) == 1


@pytest.mark.parametrize("number", range(14, 29, 2))
async def test_a_result_that_comes_later_is_published_once_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, number: int
) -> None:
    """The second of two results comes after the first: one task, and each stands there once."""
    bench = Bench(tmp_path / "parts", server, driver, 2000 + number)
    studio = bench.studio
    rule = f'model = "qwen-image-2.0/image-edit"\nprompt = "{bench.prompt}"'
    studio.configure(rules=[f'{rule}\nparams = {{ imageNum = "2" }}'])
    gone = f"{bench.prompt} result 2"
    studio.fault(Fault(call="download", kind="expired", contains=gone, status=404, times=1))
    with Lookout([studio.output]) as lookout:
        killed = bench.once("commit.after", number)
        assert not killed or not bench.once()
    assert not lookout.partial
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["ann-2.jpg", "ann.jpg"]
    assert len(bench.tasks()) == 1
    kinds = Counter(studio.history("ann.jpg"))
    assert kinds["Published"] == kinds["PublishedInPart"] == 1
    assert list((studio.state / "spool").iterdir()) == []


CHAIN_STEP = 4
# Each share takes a minute; two of them show what there is to see.
CHAINED = [
    pytest.param(point, first, marks=[] if first == at else [pytest.mark.long])
    for point, at in (("commit.before", 2), ("commit.after", 1))
    for first in range(CHAIN_STEP)
]


@pytest.mark.parametrize(("point", "first"), CHAINED)
async def test_a_chain_is_paid_step_by_step_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, first: int
) -> None:
    """Three models one after the other: three tasks, one upload, one result, published once."""
    for number in range(1 + first, 3 * MOST_KILLS, CHAIN_STEP):
        bench = Bench(tmp_path / str(number), server, driver, 6000 + number)
        studio = bench.studio
        models = ("qwen-image-2.0/image-edit", "wan-2.5-preview/image-to-image")
        prompt = f'prompt = "{bench.prompt}"'
        steps = [f'[[watch.rule.then]]\nmodel = "{each}"\n{prompt}' for each in models]
        studio.configure(rules=["\n".join([prompt, *steps])])
        uploaded = studio.ledger().requests.get("upload", 0)
        with Lookout([studio.output]) as lookout:
            killed = bench.once(point, number)
            assert not killed or not bench.once()
            doubtful = [job["id"] for job in studio.jobs() if job["state"] == "in_doubt"]
            for job in doubtful:
                at = studio.jobs()[-1]["chain"]["step"]
                wish = {"resend": True}
                if len(bench.tasks()) > at:
                    wish = {"task_id": bench.tasks()[at]}
                await studio.act("resolve", job=job, **wish)
                assert not bench.once()
        assert not lookout.partial
        assert_three_steps_paid_once(bench, number, uploaded, killed=killed)
        if not killed:
            return
    pytest.fail(f"{point} is passed more than {3 * MOST_KILLS} times")


def assert_three_steps_paid_once(bench: Bench, number: int, uploaded: int, *, killed: bool) -> None:
    """Hold a chain of three to three tasks, one output, and its file uploaded once, or twice.

    `uploaded` is how many uploads the service had before. Killed between an upload's answer and its
    commit, a daemon uploads once more.
    """
    studio = bench.studio
    assert studio.states() == {"done": 3}, (number, studio.summary())
    assert studio.outputs() == ["ann.jpg"]
    assert len(bench.tasks()) == 3
    assert studio.ledger().requests["upload"] - uploaded <= (2 if killed else 1)


REVIEWED = [
    (action, point)
    for action in ("approve", "reject", "redo")
    for point in ("commit.before", "commit.after", "publish.before", "publish.after")
]


@pytest.mark.parametrize(("action", "point"), REVIEWED)
async def test_a_decision_is_carried_out_once_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, action: str, point: str
) -> None:
    """A result that waits, and each decision on it: nothing lost, nothing paid twice by itself.

    At every passing until it is carried out; the way of what a redo made anew is tested above.
    """
    decision = DECISIONS[action]
    for number in range(1, MOST_KILLS):
        bench = Bench(tmp_path / str(number), server, driver, 3000 + number)
        studio = bench.studio
        studio.configure(
            watch="review = true", rules=[f'prompt = "{bench.prompt} {action} {point}"']
        )
        bench.prompt = f"{bench.prompt} {action} {point}"
        assert not bench.once()
        assert studio.job("ann.jpg")["waits_for"] == "review"
        job = int(studio.job("ann.jpg")["id"])
        with studio.journal() as journal:
            at_once = timedelta()
            await journal.run(reviews.decide, [job], decision, "ann", at_once)
        with Lookout([studio.output]) as lookout:
            killed = bench.once(point, number)
            is_made_anew = len(studio.jobs()) > 1
            assert not killed or not bench.once()
        assert not lookout.partial
        rejected = action != "approve"
        assert studio.outputs() == (["_rejected/ann.jpg"] if rejected else ["ann.jpg"])
        wanted = {"done": 1, "fetched": 1} if action == "redo" else {"done": 1}
        if studio.states() == {"done": 1, "in_doubt": 1}:  # killed at the redo's own submit
            wanted = {"done": 1, "in_doubt": 1}
        assert studio.states() == wanted, studio.summary()
        assert len(bench.tasks()) <= (2 if action == "redo" else 1)
        ended = Counter(line.name for line in studio.read(reading.history, job))
        assert ended["Rejected" if rejected else "Published"] == 1
        if not killed or is_made_anew:
            return
    pytest.fail(f"{point} is passed more than {MOST_KILLS} times")


@pytest.mark.parametrize("action", ["approve", "reject", "redo"])
def test_a_decision_is_made_or_not_made_when_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, action: str
) -> None:
    """Killed at its own commit: before it the result still waits, after it the decision stands."""
    decision, left = DECISIONS[action].value, {}
    rejected = action != "approve"
    for point in ("commit.before", "commit.after"):
        killed, number = True, 0
        while killed:
            number += 1
            bench = Bench(tmp_path / f"{point}-{number}", server, driver, 5000 + number)
            studio = bench.studio
            bench.prompt += action
            rule = f'prompt = "{bench.prompt}"'
            studio.configure(watch="review = true", rules=[rule])
            assert not bench.once()
            killed = bench.once(point, number, decision)
            waits = studio.job("ann.jpg")["waits_for"] == "review"
            if killed:
                left[point] = waits
            assert not bench.once()
            decided = ["_rejected/ann.jpg" if rejected else "ann.jpg"]
            assert studio.outputs() == ([] if waits else decided)
            assert len(bench.tasks()) == (2 if action == "redo" and not waits else 1)
    assert left == {"commit.before": True, "commit.after": False}


@pytest.mark.parametrize("number", range(18, 30))
async def test_a_result_waits_for_review_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, number: int
) -> None:
    """Killed while the result comes: it waits, nothing is published, and it is paid once."""
    bench = Bench(tmp_path / "waits", server, driver, 4000 + number)
    studio = bench.studio
    studio.configure(watch="review = true", rules=[f'prompt = "{bench.prompt}"'])
    killed = bench.once("commit.after", number)
    assert not killed or not bench.once()
    if studio.states() != {"in_doubt": 1}:
        assert studio.job("ann.jpg")["waits_for"] == "review", studio.summary()
    assert studio.outputs() == []
    assert len(bench.tasks()) == 1
