"""Once for the same work: one paid task for the same edit, whatever the names and watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from hotfolder.views import explaining
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Json, Studio


def drop_twins(studio: Studio) -> None:
    """Put the same picture into the folder under two names."""
    studio.drop("ann.jpg", number=7)
    studio.drop("bob.jpg", number=7)


def bob(studio: Studio) -> Json:
    """Return the job of bob.jpg, empty as long as there is none."""
    return next((job for job in studio.jobs() if job["source"] == "bob.jpg"), {})


def follows(studio: Studio) -> bool:
    """Return whether bob.jpg waits for another job."""
    return bob(studio).get("waits_for") == "leader"


def empty_spool(studio: Studio) -> None:
    """Remove everything from the spool."""
    for spooled in (studio.state / "spool").iterdir():
        spooled.unlink()


async def test_the_same_picture_under_two_names_is_paid_once(studio: Studio) -> None:
    """Both get the result, one says whose it is, and the ledger knows one task and one upload."""
    drop_twins(studio)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert (studio.output / "ann.jpg").read_bytes() == (studio.output / "bob.jpg").read_bytes()
    assert len(studio.ledger().tasks) == studio.ledger().requests["upload"] == 1
    paid, free = sorted(studio.jobs(), key=lambda job: bool(job["reused"]))
    assert (free["charge"], free["leader"], free["task_id"]) == (0.0, paid["id"], None)
    assert paid["charge"] == float(studio.ledger().charged)
    reason = studio.explain(free["source"])["reason"]
    assert f"that of job {paid['id']}" in reason
    assert "nothing was paid for it" in reason
    assert studio.history(free["source"]) == ["Accepted", "Reused", "Published"]
    assert list((studio.state / "spool").iterdir()) == []


async def test_a_running_edit_is_waited_for(studio: Studio) -> None:
    """A follower says whom it waits for, and is served as soon as the result is there."""
    studio.simulator.update_settings(task_s=1.0)
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=7)
    async with studio.running():
        await studio.until_states(running=1)
        (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
        await studio.until(lambda: follows(studio), "it follows")
        assert studio.job("bob.jpg")["leader"] == studio.job("ann.jpg")["id"]
        await studio.until_states(done=2)
    assert (studio.folder / "other-out" / "bob.jpg").exists()
    assert len(studio.ledger().tasks) == 1


async def test_a_finished_edit_is_used_from_its_output(studio: Studio) -> None:
    """Long after, nothing is asked of the service: the output is still what was made."""
    studio.drop("ann.jpg", number=7)
    await studio.once()
    before = dict(studio.ledger().requests)
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert studio.states() == {"done": 2}
    after = studio.ledger().requests
    assert [after[call] for call in ("upload", "submit", "query", "download")] == [
        before[call] for call in ("upload", "submit", "query", "download")
    ]


async def test_a_changed_output_is_asked_for_at_the_service(studio: Studio) -> None:
    """An output that somebody worked on is not the result: the service hands it out again."""
    studio.drop("ann.jpg", number=7)
    await studio.once()
    original = (studio.output / "ann.jpg").read_bytes()
    (studio.output / "ann.jpg").write_bytes(b"retouched")
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert (studio.output / "bob.jpg").read_bytes() == original
    assert (studio.output / "ann.jpg").read_bytes() == b"retouched"
    assert len(studio.ledger().tasks) == 1


async def test_a_paid_leader_that_failed_is_not_paid_for_by_its_followers(
    studio: Studio,
) -> None:
    """Its result may yet be had, which is free: they wait for that, and say so."""
    studio.fault(Fault(call="query", kind="no_results", times=5))
    studio.drop("ann.jpg", number=7)
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert studio.states() == {"failed": 1, "accepted": 1}
    assert "ann.jpg), which makes the same edit: failed" in studio.explain("bob.jpg")["reason"]
    await studio.act("retry", jobs=[studio.job("ann.jpg")["id"]])
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 1


async def test_what_is_lost_everywhere_is_paid_by_a_person_only(studio: Studio) -> None:
    """Without output and with dead links a follower fails; once paid anew, it leads from then on.

    Asking once more for what is lost is free and in vain.
    """
    studio.drop("ann.jpg", number=7)
    await studio.once()
    (studio.output / "ann.jpg").unlink()
    studio.simulator.expire_results()
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert bob(studio)["error"]["code"] == "leader_lost"
    await studio.act("retry", jobs=[bob(studio)["id"]])
    await studio.once()
    assert (bob(studio)["error"]["code"], len(studio.ledger().tasks)) == ("leader_lost", 1)
    await studio.act("retry", jobs=[bob(studio)["id"]], pay_again=True)
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    studio.drop("cid.jpg", number=7)
    await studio.once()
    assert studio.states() == {"done": 3}
    assert len(studio.ledger().tasks) == 2
    assert studio.job("cid.jpg")["leader"] == studio.job("bob.jpg")["id"]


async def test_an_output_out_of_reach_is_waited_for(studio: Studio) -> None:
    """A share that is away for a while is no reason to pay the same edit a second time."""
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=7)
    await studio.once()
    away = studio.folder / "away"
    studio.output.rename(away)
    studio.simulator.expire_results()
    (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
    async with studio.running():
        await studio.until(lambda: bob(studio).get("error"), "it says why")
        assert studio.job("bob.jpg")["error"]["code"] == "result_out_of_reach"
        away.rename(studio.output)
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 1


async def test_other_words_are_other_work(studio: Studio) -> None:
    """Another prompt is another edit; the one upload serves both rules at the same time."""
    studio.configure(
        rules=('name = "a"\nprompt = "Make it gold"', 'name = "b"\nprompt = "Make it blue"'),
        watch='rules = "all"',
    )
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2
    assert studio.ledger().requests["upload"] == 1


async def test_edit_pays_for_each(studio: Studio) -> None:
    """With duplicates = "edit" every picture is paid for itself."""
    studio.configure(watch='duplicates = "edit"')
    drop_twins(studio)
    await studio.once()
    assert len(studio.ledger().tasks) == 2


async def test_a_failed_leader_lets_the_next_go_on(studio: Studio) -> None:
    """The second picture is tried for itself, and the third then follows it."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    drop_twins(studio)
    studio.drop("cid.jpg", number=7)
    await studio.once()
    assert studio.states() == {"failed": 1, "done": 2}
    assert len(studio.ledger().tasks) == 2


async def test_a_cancelled_leader_lets_the_next_go_on(studio: Studio) -> None:
    """Nobody waits for a job that was given up."""
    studio.simulator.update_settings(task_s=30.0)
    drop_twins(studio)
    async with studio.running():
        await studio.until(lambda: sorted(studio.states()) == ["accepted", "running"], "both")
        studio.simulator.update_settings(task_s=0.0)
        (running,) = [job for job in studio.jobs() if job["state"] == "running"]
        (said,) = await studio.send("cancel", jobs=[running["id"]])
        assert "1 of the same content waited for it" in said
        await studio.until_states(cancelled=1, done=1)
    assert len(studio.ledger().tasks) == 2


async def test_a_leader_in_doubt_is_waited_for(studio: Studio) -> None:
    """Followers say that they wait for a doubt; once it is settled they are served."""
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    drop_twins(studio)
    await studio.once()
    assert studio.states() == {"in_doubt": 1, "accepted": 1}
    (doubtful,) = [job for job in studio.jobs() if job["state"] == "in_doubt"]
    (waiting,) = [job for job in studio.jobs() if job["state"] == "accepted"]
    told = studio.explain(waiting["source"])
    assert told["verdict"] == "waiting"
    assert f"job {doubtful['id']}" in told["reason"]
    assert "in doubt" in told["reason"]
    task = studio.ledger().tasks[0].task_id
    await studio.act("resolve", job=doubtful["id"], task_id=task)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 1


@pytest.mark.parametrize("reload", [True, False], ids=["reload", "restart"])
async def test_a_config_that_pays_for_each_lets_followers_go(
    studio: Studio,
    reload: bool,  # noqa: FBT001
) -> None:
    """Who waits for a doubt need not wait for a person when duplicates = "edit" is written."""
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    drop_twins(studio)
    await studio.once()
    assert studio.states() == {"in_doubt": 1, "accepted": 1}
    if reload:
        async with studio.running():
            studio.configure(watch='duplicates = "edit"')
            studio.reload.set()
            await studio.until_states(in_doubt=1, done=1)
    else:
        studio.configure(watch='duplicates = "edit"')
        await studio.once()
    assert studio.states() == {"in_doubt": 1, "done": 1}
    assert len(studio.ledger().tasks) == 2


async def test_an_abandoned_doubt_lets_the_next_go_on(studio: Studio) -> None:
    """What a person gave up is not waited for, and the person is told what that costs."""
    studio.fault(Fault(call="submit", kind="drop_before", times=1))
    drop_twins(studio)
    await studio.once()
    (doubtful,) = [job for job in studio.jobs() if job["state"] == "in_doubt"]
    (said,) = await studio.act("resolve", job=doubtful["id"], abandon=True)
    assert said.endswith(
        "; 1 of the same content waited for it: without its result, the next is paid for"
    )
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_a_held_leader_is_waited_for(studio: Studio) -> None:
    """A follower of a held job says that it is held, and why."""
    studio.simulator.update_settings(task_s=1.0)
    studio.configure(watches=["other"])
    studio.output.rename(studio.folder / "away")
    studio.drop("ann.jpg", number=7)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
        await studio.until(lambda: follows(studio), "it follows")
        path = studio.folder / "other-in" / "bob.jpg"
        told = studio.read(explaining.explain, studio.config, path, settling=None, daemon=True)
        assert told.verdict == "waiting"
        assert "it is held" in told.reason
        (studio.folder / "away").rename(studio.output)
        studio.wait(60)
        studio.drop("cid.jpg", number=3)  # wakes the program, whose clock does not jump
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 2


async def test_paying_again_never_reuses(studio: Studio) -> None:
    """Who asks for an edit anew gets a new one, and is charged for it."""
    studio.drop("ann.jpg", number=7)
    await studio.once()
    await studio.act("retry", jobs=[studio.job("ann.jpg")["id"]], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2
    assert not studio.job("ann.jpg")["reused"]


async def test_a_paid_result_that_is_lost_is_made_anew_where_it_is_wished(studio: Studio) -> None:
    """After paid_lost the twin waits, too: one word, retry --pay-again, serves both."""
    studio.simulator.update_settings(task_s=1.0)
    studio.fault(Fault(call="download", kind="expired", times=6))
    drop_twins(studio)
    async with studio.running():
        await studio.until(lambda: studio.states().get("running"), "it runs")
        studio.wait(25 * 3600.0)  # longer than links live
        await studio.until_states(failed=1, accepted=1)
    (lost,) = [job for job in studio.jobs() if job["state"] == "failed"]
    assert lost["error"]["code"] == "paid_lost"
    await studio.act("retry", jobs=[lost["id"]], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2


async def test_a_new_prompt_before_the_intent_ends_the_following(studio: Studio) -> None:
    """A leader whose plan changed no longer makes the same edit: its follower goes on alone."""
    studio.configure(rules=(RULE,), watch='sidecar = "optional"')
    studio.output.rename(studio.folder / "away")
    drop_twins(studio)
    async with studio.running():
        await studio.until(
            lambda: any(job["waits_for"] == "leader" for job in studio.jobs()), "one follows"
        )
        (leader,) = [job for job in studio.jobs() if job["waits_for"] != "leader"]
        studio.drop(leader["source"].replace(".jpg", ".txt"), "Make it blue")
        (studio.folder / "away").rename(studio.output)
        studio.wait(60)
        studio.drop("cid.jpg", number=3)  # wakes the program, whose clock does not jump
        await studio.until_states(done=3)
    prompts = sorted(task.prompt for task in studio.ledger().tasks)
    assert prompts == ["Make it a summer day", "Make it a summer day", "Make it blue"]


async def test_a_spool_that_was_emptied_meanwhile_loses_nothing(studio: Studio) -> None:
    """A follower whose spooled copy vanished looks again, and still pays nothing."""
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=7)
    await studio.once()
    other_out, away = studio.folder / "other-out", studio.folder / "away"
    async with studio.running():
        other_out.rename(away)
        (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
        await studio.until(lambda: bob(studio).get("state") == "fetched", "the copy")
        empty_spool(studio)
        away.rename(other_out)
        studio.wait(60)
        await studio.until_states(done=2)
    assert studio.history("bob.jpg").count("Reused") == 2
    assert "SpoolLost" in studio.history("bob.jpg")
    assert (other_out / "bob.jpg").exists()
    assert len(studio.ledger().tasks) == 1


async def test_a_reused_result_that_is_lost_everywhere_is_not_paid_by_itself(
    studio: Studio,
) -> None:
    """A picture that had its result once fails visibly, and only --pay-again pays for it.

    Its watch is still held then: looking for the result in vain uses no trial of that hold up.
    """
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=7)
    await studio.once()
    other_out, away = studio.folder / "other-out", studio.folder / "away"
    async with studio.running():
        other_out.rename(away)
        (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
        await studio.until(lambda: studio.holds() == ["watch:other"], "the copy waits")
        empty_spool(studio)
        (studio.output / "ann.jpg").unlink()
        studio.simulator.expire_results()
        away.rename(other_out)
        studio.wait(60)
        await studio.until_states(done=1, failed=1)
    assert bob(studio)["error"]["code"] == "reused_lost"
    assert len(studio.ledger().tasks) == 1
    await studio.act("retry", jobs=[bob(studio)["id"]])
    await studio.once()  # a start is a trial
    assert (bob(studio)["error"]["code"], len(studio.ledger().tasks)) == ("leader_lost", 1)
    await studio.act("retry", jobs=[bob(studio)["id"]], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2


async def test_a_follower_is_served_under_a_hold(studio: Studio) -> None:
    """What costs nothing is delivered although no more may be spent; what would cost is not."""
    studio.simulator.update_settings(task_s=1.0)
    studio.drop("ann.jpg", number=7)
    async with studio.running():
        await studio.until_states(running=1)
        studio.drop("bob.jpg", number=7)
        await studio.until(lambda: follows(studio), "it follows")
        await studio.send("pause", watch=None)
        studio.drop("cid.jpg", number=8)
        await studio.until(lambda: studio.states() == {"done": 2, "accepted": 1}, "both")
    assert len(studio.ledger().tasks) == 1


async def test_a_follower_that_must_pay_is_held_as_others_are(studio: Studio) -> None:
    """A leader that fails under a hold lets nobody slip through."""
    studio.simulator.update_settings(task_s=1.0)
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("ann.jpg", number=7)
    async with studio.running():
        await studio.until_states(running=1)
        studio.drop("bob.jpg", number=7)
        await studio.until(lambda: follows(studio), "it follows")
        await studio.send("pause", watch=None)
        await studio.until(lambda: studio.job("ann.jpg")["state"] == "failed", "the failure")
        await studio.until(lambda: studio.explain("bob.jpg")["verdict"] == "held", "the hold")
    assert len(studio.ledger().tasks) == 1


async def test_a_storm_of_faults_pays_for_no_twin(studio: Studio) -> None:
    """Six contents under three names each, a third of the free calls broken: six tasks."""
    for call in ("upload", "query", "download"):
        for kind in ("drop_before", "error_before", "html"):
            studio.fault(Fault(call=call, kind=kind, probability=0.1))
    for number in range(6):
        for copy in "abc":
            studio.drop(f"{copy}{number}.jpg", number=number)
    await studio.once()
    assert studio.states() == {"done": 18}, studio.summary()
    assert len(studio.ledger().tasks) == 6
    assert len(studio.outputs()) == 18
    assert list((studio.state / "spool").iterdir()) == []


async def test_a_lost_result_is_not_waited_for_where_its_leader_gave_up(studio: Studio) -> None:
    """Both lost their spool, and the service has nothing more for the leader: both say so."""
    studio.simulator.update_settings(task_s=1.0)
    studio.configure(watches=["other"])
    outputs = studio.output, studio.folder / "other-out"
    async with studio.running():
        studio.drop("ann.jpg", number=7)
        await studio.until_states(running=1)
        (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(7))
        await studio.until(lambda: follows(studio), "it follows")
        for each in outputs:
            each.rename(each.with_suffix(".away"))
        await studio.until_states(fetched=2)
    empty_spool(studio)
    studio.fault(Fault(call="query", kind="no_results"))
    for each in outputs:
        each.with_suffix(".away").rename(each)
    async with studio.running():
        await studio.until_states(failed=2)
    assert bob(studio)["error"]["code"] == "reused_lost"
    assert len(studio.ledger().tasks) == 1
