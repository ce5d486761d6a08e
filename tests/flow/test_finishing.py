"""What becomes of results between the service and the output folder."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from hotfolder.journal import reading
from hotfolder.kinds.workshop.worker_process import WorkerProcess
from hotfolder.simulator import Fault
from tests.mounting import failing_share, mount
from tests.pictures import (
    STUDIO_TAGS,
    needs_exiftool,
    noise,
    opened,
    saved,
    scene,
    tagged,
    told_by_exiftool,
)
from tests.studio import RULE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.studio import Studio

pytestmark = needs_exiftool


def drop_tagged(studio: Studio, name: str = "ann.jpg", form: str = "JPEG") -> Path:
    """Drop a picture with a studio's metadata."""
    made = studio.folder / name
    made.write_bytes(saved(scene(), form))
    content = tagged(made, *STUDIO_TAGS)
    return studio.drop(name, content)


def told(studio: Studio, name: str = "ann.jpg") -> dict[str, Any]:
    """Read an output's metadata."""
    return told_by_exiftool(studio.output / name)


def spooled(studio: Studio) -> list[str]:
    """Return what stands in the spool."""
    return sorted(each.name for each in (studio.state / "spool").iterdir())


@pytest.mark.parametrize(
    ("name", "form"), [("ann.jpg", "JPEG"), ("ann.png", "PNG"), ("ann.tif", "TIFF")]
)
async def test_outputs_have_what_their_sources_had(studio: Studio, name: str, form: str) -> None:
    """Rights, camera and place come back, with a note of the edit; the journal knows the hash."""
    drop_tagged(studio, name, form)
    await studio.once()
    (output,) = studio.outputs()
    found = told(studio, output)
    assert found["IFD0:Copyright"] == found["XMP-dc:Rights"] == "(c) Ann"
    assert found["ExifIFD:DateTimeOriginal"] == "2026:05:01 12:00:00"
    assert found["XMP-iptcExt:DigitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert str(found["XMP-hotfolder:TaskId"]) == studio.job(name)["task_id"]
    assert not [key for key in found if "Prompt" in key]
    (job,) = studio.read(reading.jobs)
    published = (studio.output / output).read_bytes()
    assert job.results[0].sha256 == hashlib.sha256(published).hexdigest()
    assert spooled(studio) == []


async def test_metadata_none_is_the_service_s_own_bytes(studio: Studio) -> None:
    """Without metadata nothing is changed; with it, no pixel is."""
    plain = f'{RULE}\nname = "plain"\nmetadata = "none"'
    full = f'{RULE}\nname = "full"\nmetadata_prompt = true\nmetadata_gps = false'
    studio.configure(watch='rules = "all"', rules=[plain, full])
    drop_tagged(studio)
    await studio.once()
    assert studio.outputs() == ["ann.full.jpg", "ann.plain.jpg"]
    bare, whole = (
        (studio.output / name).read_bytes() for name in ("ann.plain.jpg", "ann.full.jpg")
    )
    assert opened(bare).tobytes() == opened(whole).tobytes()
    assert not opened(bare).getexif()
    found = told(studio, "ann.full.jpg")
    assert found["XMP-iptcExt:AIPromptInformation"] == "Make it a summer day"
    assert not [key for key in found if "GPS" in key]
    assert len(studio.ledger().tasks) == 1


async def test_the_source_may_be_gone_when_its_result_comes(studio: Studio) -> None:
    """What the output gets back was taken when the source was sent."""
    path = drop_tagged(studio)
    studio.fault(Fault(call="download", kind="error_before", status=503))
    await studio.works_until(finished=1)
    path.unlink()
    studio.simulator.clear_faults()
    studio.wait(600)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert told(studio)["IFD0:Copyright"] == "(c) Ann"


async def test_the_raw_result_is_kept_until_the_output_stands(studio: Studio) -> None:
    """While the output folder is away, the result waits in both forms, over a restart, too."""
    drop_tagged(studio)
    studio.fault(Fault(call="download", kind="error_before", status=503))
    await studio.works_until(finished=1)
    away = studio.folder / "away"
    studio.output.rename(away)
    studio.simulator.clear_faults()
    studio.wait(600)
    await studio.works_until(fetched=1)
    assert spooled(studio) == ["1-1", "1-1-raw", "source-1"]
    finished = (studio.state / "spool" / "1-1").read_bytes()
    away.rename(studio.output)
    studio.wait(600)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert (studio.output / "ann.jpg").read_bytes() == finished
    assert spooled(studio) == []


async def test_a_step_made_anew_gives_back_what_the_source_had(studio: Studio) -> None:
    """What was kept of a chain's source outlives a restart, as what the step takes does."""
    studio.configure(rules=[f'{RULE}\n[[watch.rule.then]]\nmodel = "hypir-balance"'])
    drop_tagged(studio)
    await studio.once()
    await studio.once()
    await studio.act("retry", jobs=[studio.jobs()[-1]["id"]], pay_again=True)
    await studio.once()
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]
    assert [told(studio, each)["IFD0:Copyright"] for each in studio.outputs()] == ["(c) Ann"] * 2


async def test_what_cannot_be_finished_is_delivered_as_it_came(studio: Studio) -> None:
    """A paid result is never lost to its metadata, and `explain` says what is missing."""
    drop_tagged(studio)
    studio.fault(Fault(call="download", kind="error_before", status=503))
    await studio.works_until(finished=1)
    (studio.state / "spool" / "source-1").write_bytes(b"no keepsake")
    studio.simulator.clear_faults()
    studio.wait(600)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert "XMP-hotfolder:TaskId" not in told(studio)
    assert "not finished" in studio.explain("ann.jpg")["reason"]


async def test_a_full_spool_leaves_no_result_unfinished(studio: Studio, small_spool: Path) -> None:
    """There is room for the result and none to finish it: that waits, and is not the picture's."""
    studio.configure(rules=[f'{RULE}\nformat = "png"'])
    studio.drop("ann.jpg", saved(noise((900, 600)), "JPEG", quality=60))
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "submitting is held")
        assert (studio.hold_code(), studio.outputs()) == ("spool_blocked", [])
        assert "No space left" in studio.hold()["reason"]
        for times in range(2, 6):
            studio.wait(600)
            await studio.until(partial(studio.tried, "ann.jpg", times), "a try")
        assert (studio.states(), studio.outputs()) == ({"finished": 1}, [])
        mount("-o", "remount,size=16m", str(small_spool))
        studio.wait(600)
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.png"]
    assert str(told(studio, "ann.png")["XMP-hotfolder:TaskId"]) == studio.job("ann.jpg")["task_id"]
    assert len(studio.ledger().tasks) == 1


async def test_a_keepsake_that_cannot_be_read_is_waited_for(studio: Studio) -> None:
    """Trouble of the disk costs no output its source's metadata."""
    drop_tagged(studio)
    studio.fault(Fault(call="download", kind="error_before", status=503))
    (studio.state / "spool").mkdir(mode=0o700, parents=True)
    with failing_share(studio.state / "spool") as orders:
        async with studio.running():
            await studio.until_states(finished=1)
            orders.fail("EIO", "open", at="/source-1")
            studio.simulator.clear_faults()
            studio.wait(600)
            await studio.until(lambda: studio.holds() == ["account"], "it is held")
            assert studio.outputs() == []
            orders.heal()
            studio.wait(600)
            await studio.until_states(done=1)
    assert told(studio)["IFD0:Copyright"] == "(c) Ann"


async def test_a_disk_that_refuses_what_is_finished_is_waited_for(studio: Studio) -> None:
    """The result lies there whole and could be published as it came: it waits all the same."""
    drop_tagged(studio)
    studio.fault(Fault(call="download", kind="error_before", status=503))
    (studio.state / "spool").mkdir(mode=0o700, parents=True)
    with failing_share(studio.state / "spool") as orders:
        async with studio.running():
            await studio.until_states(finished=1)
            orders.fail("ENOSPC", "write", at="/.fuse_hidden")  # what has no name, as FUSE has it
            studio.simulator.clear_faults()
            studio.wait(600)
            await studio.until(lambda: studio.holds() == ["account"], "submitting is held")
            assert (studio.hold_code(), studio.outputs()) == ("spool_blocked", [])
            orders.heal()
            studio.wait(600)
            await studio.until_states(done=1)
    assert told(studio)["IFD0:Copyright"] == "(c) Ann"


class KilledWhileFinishing(WorkerProcess):
    """A worker that the machine kills, some times, when it is to finish a picture."""

    left = 0

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task, unless it is to be killed by that."""
        task = json.loads(message)["task"]
        if KilledWhileFinishing.left and task in {"finish", "prove_and_finish"}:
            KilledWhileFinishing.left -= 1
            self.program.kill()
        return super().ask(message, files, deadline_s)


async def test_a_machine_without_memory_leaves_no_result_unfinished(studio: Studio) -> None:
    """A worker that is killed says nothing of the picture, not even after several times."""
    KilledWhileFinishing.left = 5
    studio.edge(open_worker=KilledWhileFinishing)
    drop_tagged(studio)
    await studio.once()
    assert KilledWhileFinishing.left == 0
    assert studio.states() == {"done": 1}
    assert told(studio)["IFD0:Copyright"] == "(c) Ann"


EACH_PICTURE = ["describe", "keep", "prove_and_finish"]


class Noted(WorkerProcess):
    """A worker that notes what it was asked to do."""

    tasks: ClassVar[list[str]] = []

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task."""
        Noted.tasks.append(json.loads(message)["task"])
        return super().ask(message, files, deadline_s)


async def test_a_result_is_proved_and_finished_at_once(studio: Studio) -> None:
    """One child does both: a picture takes three."""
    Noted.tasks.clear()
    studio.edge(open_worker=Noted)
    drop_tagged(studio)
    await studio.once()
    assert [each for each in Noted.tasks if each != "locks"] == EACH_PICTURE
    assert told(studio)["IFD0:Copyright"] == "(c) Ann"


async def test_format_and_size_are_the_rules(studio: Studio) -> None:
    """The output is a WebP of the source's size, which `explain` says."""
    studio.configure(rules=[f'{RULE}\nformat = "webp"\nsize = "source"\nmax_megapixels = 0.01'])
    drop_tagged(studio)
    await studio.once()
    assert studio.outputs() == ["ann.webp"]
    image = opened((studio.output / "ann.webp").read_bytes())
    assert (image.format, image.size) == ("WEBP", (160, 120))
    assert told(studio, "ann.webp")["IFD0:Copyright"] == "(c) Ann"
    assert "to 160 x 120 pixels" in studio.explain("ann.jpg")["reason"]


async def test_outputs_are_left_as_the_watch_says(studio: Studio) -> None:
    """Modes and time are the config's, for files in new folders, too."""
    studio.configure(watch='umask = "007"\ntimes = "source"')
    path = studio.drop("a/ann.jpg")
    os.utime(path, ns=(10**18, 10**18))
    await studio.once()
    status = (studio.output / "a" / "ann.jpg").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o660, 10**18)
    assert stat.S_IMODE((studio.output / "a").stat().st_mode) == 0o770


async def test_a_result_far_smaller_than_its_source_gets_its_size(studio: Studio) -> None:
    """The memory for it is that of the source's size, not of the small result."""
    studio.configure(rules=[f'{RULE}\nsize = "source"\nmax_megapixels = 0.1'])
    studio.drop("ann.jpg", saved(noise((9000, 6000)), "JPEG", quality=60))
    await studio.once()
    assert opened((studio.output / "ann.jpg").read_bytes()).size == (9000, 6000)


async def test_a_follower_gets_back_what_its_own_source_had(studio: Studio) -> None:
    """A second copy of a picture has its metadata, though only the first was sent and paid."""
    content = drop_tagged(studio).read_bytes()
    await studio.once()
    studio.drop("bob.jpg", content)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 1
    assert (studio.output / "bob.jpg").read_bytes() == (studio.output / "ann.jpg").read_bytes()


async def test_a_result_that_is_broken_is_fetched_again(studio: Studio) -> None:
    """A result that a worker cannot decode is neither kept nor published."""
    studio.fault(Fault(call="download", kind="truncate", times=2))
    studio.drop("ann.jpg", saved(noise((300, 200)), "JPEG"))
    await studio.once()
    assert studio.states() == {"done": 1}
    assert opened((studio.output / "ann.jpg").read_bytes()).size == (300, 200)
