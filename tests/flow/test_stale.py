"""Stale: what was sent would be another edit today. It costs nothing until an operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import OperatorError

if TYPE_CHECKING:
    from tests.studio import Studio

GOLD = "Make it gold"
BLUE = "Make it blue"
SCANNING = 'detect = "scan"\nscan_interval = 0.2'


def stale(studio: Studio) -> list[str]:
    """Return the sources with a stale job."""
    return [job["source"] for job in studio.jobs() if job["stale"]]


def prompts(studio: Studio) -> list[str]:
    """Return what the service was asked for."""
    return [task.prompt for task in studio.ledger().tasks]


@pytest.mark.parametrize("watch", ['detect = "events"', SCANNING])
async def test_a_sidecar_changed_after_the_submit(studio: Studio, watch: str) -> None:
    """The job is marked, `jobs` and `explain` say so; undone, the mark goes; nothing is paid."""
    studio.configure(watch=watch)
    studio.drop("ann.jpg")
    studio.drop("ann.txt", GOLD)
    studio.drop("bob.jpg", number=2)
    async with studio.running():
        await studio.until_states(done=2)
        studio.drop("ann.txt", BLUE)
        await studio.until(lambda: stale(studio) == ["ann.jpg"], "the mark")
        told = studio.explain("ann.jpg")
        assert told["job"]["stale"]
        assert f"retry {told['job']['id']} --changed" in told["reason"]
        studio.drop("ann.txt", f"{GOLD}\r\n")
        await studio.until(lambda: not stale(studio), "the mark gone")
        (studio.input / "ann.txt").unlink()
        await studio.until(lambda: stale(studio) == ["ann.jpg"], "the mark again")
    assert len(prompts(studio)) == 2


@pytest.mark.parametrize("watch", ['detect = "events"', SCANNING])
async def test_a_folder_file_speaks_for_all_below_it(studio: Studio, watch: str) -> None:
    """Those that say otherwise themselves are not stale."""
    studio.configure(watch=watch)
    for number, name in enumerate(["top.jpg", "a/one.jpg", "a/b/two.jpg", "a/b/own.jpg"]):
        studio.drop(name, number=number)
    studio.drop("a/b/own.txt", GOLD)
    async with studio.running():
        await studio.until_states(done=4)
        studio.drop("a/_prompt.txt", BLUE)
        marked = {"a/one.jpg", "a/b/two.jpg"}
        await studio.until(lambda: set(stale(studio)) == marked, "the marks")
        (studio.input / "a" / "_prompt.txt").rename(studio.input / "a" / "prompt.bak")
        await studio.until(lambda: not stale(studio), "the marks gone")


async def test_changes_made_while_nothing_ran(studio: Studio) -> None:
    """A sidecar that came, a rule that changed: the next scan sees it and pays nothing."""
    studio.drop("ann.jpg")
    studio.drop("bob.jpg", number=2)
    await studio.once()
    studio.drop("ann.txt", GOLD)
    await studio.once()
    assert stale(studio) == ["ann.jpg"]
    studio.configure(rules=[f'prompt = "{BLUE}"'])
    await studio.once()
    assert set(stale(studio)) == {"ann.jpg", "bob.jpg"}
    studio.configure(rules=['name = "renamed"\nprompt = "Make it a summer day"'])
    await studio.once()
    assert stale(studio) == ["ann.jpg"]
    assert len(prompts(studio)) == 2


async def test_names_and_broken_sidecars_make_nothing_stale(studio: Studio) -> None:
    """Another output name is no other edit, and what a broken sidecar wants is not known."""
    studio.drop("ann.jpg")
    await studio.once()
    studio.drop("ann.toml", 'output_name = "{stem} new.{ext}"')
    await studio.once()
    studio.drop("ann.toml", "nonsense")
    await studio.once()
    studio.drop("ann.toml", "skip = true")
    await studio.once()
    assert stale(studio) == []
    assert studio.states() == {"done": 1}


@pytest.mark.parametrize("daemon", [True, False])
async def test_retry_changed_makes_it_anew(studio: Studio, daemon: bool) -> None:  # noqa: FBT001  pytest's
    """A new job of the next generation, by today's prompt, paid; nothing is stale after it."""
    studio.configure(watch=SCANNING)
    for number, name in enumerate(["ann.jpg", "bob.jpg", "cid.jpg"]):
        studio.drop(name, number=number)
    await studio.once()
    studio.drop("_prompt.txt", GOLD)
    await studio.once()
    assert len(stale(studio)) == 3
    first = studio.job("bob.jpg")["id"]
    if daemon:
        async with studio.running():
            await studio.send("retry", jobs=[first], changed=True)
            await studio.until_states(done=4)
            assert len(stale(studio)) == 2
            await studio.send("retry", jobs=[], changed=True)
            await studio.until_states(done=6)
    else:
        await studio.act("retry", jobs=[first], changed=True)
        await studio.once()
        await studio.act("retry", jobs=[], changed=True)
        await studio.once()
    assert studio.states() == {"done": 6}
    assert prompts(studio)[3:] == [GOLD] * 3
    assert stale(studio) == []
    assert studio.outputs() == [f"{n}{x}.jpg" for n in ("ann", "bob", "cid") for x in (" (2)", "")]
    with pytest.raises(OperatorError, match="not done and stale"):
        await studio.act("retry", jobs=[first], changed=True)


async def test_what_cannot_be_made_anew_is_left_alone(studio: Studio) -> None:
    """Gone, or broken since it was marked: said, not paid."""
    for number, name in enumerate(["ann.jpg", "bob.jpg"]):
        studio.drop(name, number=number)
    await studio.once()
    studio.drop("_prompt.txt", GOLD)
    await studio.once()
    studio.drop("ann.txt", "")
    (studio.input / "bob.jpg").unlink()
    lines = await studio.act("retry", jobs=[], changed=True)
    assert "ann.txt is empty" in lines[0]
    await studio.once()
    assert studio.job("bob.jpg")["state"] == "cancelled"
    assert len(prompts(studio)) == 2


async def test_under_all_rules_each_job_has_its_own_mark(studio: Studio) -> None:
    """A changed rule makes stale what was made by it, and no other."""
    rules = ['name = "one"\nprompt = "Make it a spring day"', 'name = "two"\nprompt = "{}"']
    studio.configure(watch='rules = "all"', rules=[rules[0], rules[1].format(GOLD)])
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(watch='rules = "all"', rules=[rules[0], rules[1].format(BLUE)])
    await studio.once()
    assert {job["rule"]: job["stale"] for job in studio.jobs()} == {"one": False, "two": True}


async def test_a_touched_picture_with_a_changed_sidecar(studio: Studio) -> None:
    """The two together are seen as one: the mark, no job."""
    picture = studio.drop("ann.jpg")
    await studio.once()
    picture.write_bytes(picture.read_bytes())
    studio.drop("ann.txt", GOLD)
    await studio.once()
    assert stale(studio) == ["ann.jpg"]
    assert studio.states() == {"done": 1}
