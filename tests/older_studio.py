"""A studio as an older program leaves it when it is killed: its journal, folders, and keys.

`python -m tests.older_studio FILE` plays a day with this program over the simulator and keeps what
it left in a small file. That was done once with the last program that knew one picture per job;
tests put the file back and let today's program go on with it.
"""

from __future__ import annotations

import asyncio
import io
import json
import lzma
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotfolder.journal import connection, reading
from hotfolder.pipeline.reuse import work_key
from hotfolder.simulator import Fault, Settings, in_thread
from tests.pictures import exif, noise, rated, saved
from tests.studio import JumpingClock, Studio, picture

if TYPE_CHECKING:
    from hotfolder.config import Config
    from hotfolder.domain.jobs import Job

# What stands for what differs from machine to machine; the folder also as the journal's blobs.
FOLDER_HEX: Final = "STUDIO-FOLDER"
FOLDER: Final = "STUDIO-TEXT"
SERVICE: Final = "SERVICE-ADDRESS"
LONG_AGO_S: Final = -30 * 86_400.0
KEPT: Final = ("in", "out", "state/spool")

NANO: Final = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
MIDJOURNEY: Final = "midjourney-text-to-image-v61"
QWEN: Final = "qwen-image-2.0/image-edit"
GPT: Final = "gpt-image-2/image-to-image-official-stable"
DEAR: Final = f'model = "{GPT}"\nparams = {{ quality = "high", resolution = "4k" }}'
SUMMER: Final = '[[watch.rule]]\nprompt = "Make it a summer day"\n'
ALL_RULES: Final = f"""
[[watch.rule]]
name = "gold"
prompt = "Make it gold"
max_megapixels = 0.001
[[watch.rule]]
name = "logo"
model = "{NANO}"
prompt = "Put the logo on it"
references = ["logo.png", "style.tif"]
strip = ["gps"]
[[watch.rule]]
name = "poster"
model = "{MIDJOURNEY}"
prompt = "A poster"
references = ["style.tif", "logo.png"]
"""
TWO_RULES: Final = """
[[watch.rule]]
name = "warm"
prompt = "Make it warm"
[[watch.rule]]
name = "cold"
prompt = "Make it cold"
"""
TWO_RESULTS: Final = f"""
[[watch.rule]]
model = "{QWEN}"
prompt = "Make two of it"
params = {{ imageNum = "2" }}
"""
WATCHES: Final = {
    "main": (f'sidecar_models = ["{GPT}"]', SUMMER),
    "both": ('rules = "all"', ALL_RULES),
    "turned": ('rules = "all"', TWO_RULES),
    "two": ("", TWO_RESULTS),
    "tidy": ('originals = "move"', SUMMER),
    "review": ("review = true", SUMMER),
    "needs": ('sidecar = "required"', SUMMER),
    "full": ("", SUMMER),
    "paused": ("", SUMMER),
    "away": ("", SUMMER),
}
HEAD: Final = f"""
state_dir = "{FOLDER}/state"
[api]
base_url = "{SERVICE}/openapi/v2"
[web]
listen = ""
[limits]
min_free_mb = 0
grace = 0.5
backlog = 3
history_days = 0
"""


class EarlierClock(JumpingClock):
    """The time of another machine, a month ago."""

    def __init__(self) -> None:
        super().__init__()
        self.set_by(LONG_AGO_S)

    def start(self) -> str:
        """Return what tells that machine's start from others."""
        return "the start of another machine"


def config_text(**changed: str) -> str:
    """Return the config; `changed` are lines of watches that are other ones."""
    text = HEAD
    for name, (lines, rules) in WATCHES.items():
        places = f'input = "{FOLDER}/in/{name}"\noutput = "{FOLDER}/out/{name}"\n'
        text += f'[[watch]]\nname = "{name}"\n{places}settle = 0.05\nsidecar_wait = 0.0\n'
        text += f"{changed.get(name, lines)}\n{rules}"
    return text


def keys(config: Config, job: Job) -> dict[str, object]:
    """Return what a job's edit and its uploads are known by."""
    watch = next(each for each in config.watch if each.name == job.watch)
    return {"work": work_key(watch.catalog, job), "uploads": list(job.upload_keys)}


# -- putting back


def put_back(studio: Studio, file: Path) -> dict[int, dict[str, object]]:
    """Let a studio be as it was kept; returns the keys of its jobs."""
    with lzma.open(file) as opened, tarfile.open(fileobj=opened) as kept:
        kept.extractall(studio.folder, filter="data")
    journal = _placed(studio, (studio.folder / "journal.sql").read_text("utf-8"))
    with closing(sqlite3.connect(studio.state / connection.FILE_NAME)) as made:
        made.executescript(journal)
    studio.reconfigure(_placed(studio, (studio.folder / "config.txt").read_text("utf-8")))
    found = json.loads((studio.folder / "keys.json").read_text("utf-8"))
    return {int(number): each for number, each in found.items()}


def _placed(studio: Studio, text: str) -> str:
    for name, value in _places(studio).items():
        text = text.replace(name, value)
    return text


def _places(studio: Studio) -> dict[str, str]:
    return {
        FOLDER_HEX: os.fsencode(studio.folder).hex().upper(),
        FOLDER: str(studio.folder),
        SERVICE: studio.base_url.removesuffix("/openapi/v2"),
    }


# -- keeping


def keep(studio: Studio, file: Path, config: str) -> None:
    """Write what a killed daemon would leave at this moment."""
    copy = studio.folder / "copy.db"
    connection.snapshot(studio.state / connection.FILE_NAME, copy, alone=False)
    text = _dump(copy)
    for name, value in _places(studio).items():
        text = text.replace(value, name)
    known = {job.id: keys(studio.config, job) for job in studio.read(reading.jobs)}
    with lzma.open(file, "wb", preset=9) as opened, tarfile.open(fileobj=opened, mode="w") as kept:
        for name in KEPT:
            kept.add(studio.folder / name, name, filter=_nobodys)
        for name in ("logo.png", "style.tif"):
            kept.add(studio.folder / name, name, filter=_nobodys)
        _add(kept, "journal.sql", text)
        _add(kept, "config.txt", config)
        _add(kept, "keys.json", json.dumps(known, indent=0))


def _dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as made:
        (version,) = made.execute("PRAGMA user_version").fetchone()
        head = f"PRAGMA application_id = {connection.APPLICATION_ID};\n"
        return f"{head}PRAGMA user_version = {version};\n" + "\n".join(made.iterdump())


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _add(kept: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    kept.addfile(entry, io.BytesIO(content))


# -- playing


class Day:
    """What happens in the studio until the program is killed."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def drop(self, name: str, number: int = 0, sidecar: str = "", content: bytes = b"") -> None:
        """Put a picture into a watch's folder, after its sidecar."""
        if sidecar:
            ending = "toml" if "=" in sidecar else "txt"
            self.studio.drop(f"{name.rpartition('.')[0]}.{ending}", sidecar)
        self.studio.drop(name, content or None, number=number)

    def is_now(self, source: str, state: str, waits_for: str | None = None) -> bool:
        """Whether the newest job of a source is as it should be."""
        job = self.studio.job(source)
        return (job["state"], job["waits_for"]) == (state, waits_for)

    async def until(self, *wanted: tuple[str, str] | tuple[str, str, str]) -> None:
        """Wait until the newest jobs of sources are so."""
        for each in wanted:
            await self.studio.until(lambda each=each: self.is_now(*each), str(each))  # type: ignore[misc]

    async def count(self, watch: str, **counts: int) -> None:
        """Wait until a watch has so many jobs of these states."""

        def states() -> dict[str, int]:
            found = [each["state"] for each in self.studio.jobs() if each["watch"] == watch]
            return {state: found.count(state) for state in set(found)}

        await self.studio.until(lambda: states() == counts, f"{watch}: {counts}")

    def id(self, source: str) -> int:
        """Return the number of the newest job of a source."""
        return int(self.studio.job(source)["id"])

    async def ordinary(self) -> None:
        """Let edits be done, fail, be in doubt, wait, be made anew, move and go."""
        studio = self.studio
        studio.fault(
            Fault(call="submit", kind="fail_task", code="1501", contains="fail it"),
            Fault(call="submit", kind="drop_after", contains="lose the answer", times=2),
        )
        for number, name in enumerate(("ann", "bea", "cid", "dan", "pam", "tom"), 1):
            self.drop(f"main/{name}.jpg", number)
        for number, name in enumerate(("eve", "quin"), 11):
            self.drop(f"main/{name}.jpg", number, "Make it spring")
        self.drop("main/gus.jpg", 21, "fail it")
        self.drop("main/hal.jpg", content=b"this is no picture at all")
        self.drop("main/jon.jpg", 22, "lose the answer")
        await self.until(("jon.jpg", "in_doubt", "person"))
        self.drop("main/sam.jpg", 23, "lose the answer")
        self.drop("main/ida.jpg", content=picture(26)[:-30])
        self.drop("main/kim.jpg", 24, "skip = true")
        self.drop("main/lea.jpg", 25, "prompt = ")
        for number, name in enumerate(("ned", "oli", "rob", "max"), 31):
            self.drop(f"main/{name}.jpg", number, DEAR)
        await self.until(("sam.jpg", "in_doubt", "person"), ("lea.jpg", "accepted", "sidecar"))
        for name in ("ned", "oli", "rob", "max"):
            await self.until((f"{name}.jpg", "accepted", "hold"))
        for name in ("ann", "bea", "cid", "dan", "pam", "tom", "eve", "quin"):
            await self.until((f"{name}.jpg", "done"))
        await self.until(("gus.jpg", "failed"), ("hal.jpg", "failed"))
        self.studio.wait(700)
        await self.until(("ida.jpg", "accepted", "source"))

    async def changes(self) -> None:
        """Let what is done be copied, moved, replaced, rated, asked for otherwise, deleted."""
        studio, root = self.studio, self.studio.input / "main"
        self.drop("main/fay.jpg", 1)
        await self.until(("fay.jpg", "done"))
        (root / "ann.jpg").unlink()
        (root / "moved").mkdir()
        (root / "bea.jpg").rename(root / "moved" / "bea2.jpg")
        self.drop("main/cid.jpg", 41)
        content = rated((root / "dan.jpg").read_bytes(), 4)
        (root / "dan.jpg").write_bytes(content)
        studio.drop("main/eve.txt", "Make it autumn")
        studio.drop("main/quin.txt", "Make it winter")
        self.drop("main/rob.jpg", 42)
        await studio.send("cancel", jobs=[self.id("max.jpg")])
        await studio.send("release", jobs=[self.id("oli.jpg")])
        await studio.send("retry", jobs=[self.id("pam.jpg")], pay_again=True)
        await studio.send("resolve", job=self.id("sam.jpg"), abandon=True)
        await studio.until(lambda: studio.job("eve.jpg")["stale"], "eve is stale")
        await studio.until(lambda: studio.job("quin.jpg")["stale"], "quin is stale")
        await studio.send("retry", jobs=[self.id("quin.jpg")], changed=True)
        await self.until(("moved/bea2.jpg", "done"), ("oli.jpg", "done"), ("pam.jpg", "done"))
        await studio.until(lambda: not studio.job("quin.jpg")["stale"], "quin is made anew")
        await self.until(("cid.jpg", "done"), ("quin.jpg", "done"), ("rob.jpg", "accepted", "hold"))
        await studio.until(lambda: self.has(content, "dan.jpg"), "dan's rating is seen")

    def has(self, content: bytes, path: str) -> bool:
        """Whether the journal knows that a source of the first watch has so many bytes."""
        row = self.studio.read(lambda s: s.row("find_source", watch=1, path=path.encode()))
        return bool(row["size"] == len(content))

    async def rules(self) -> None:
        """Let several rules edit each picture, with references, converted and stripped."""
        studio = self.studio
        self.drop("both/uma.jpg", 51)
        lying = saved(noise((64, 48)), "JPEG", exif=exif(orientation=6))
        self.drop("both/vic.jpg", content=lying)
        self.drop("both/wim.tif", content=saved(noise((64, 48), 2), "TIFF"))
        self.drop("both/xia.jpg", 52, 'references = ["none.png"]')
        self.drop("turned/ada.jpg", 53)
        self.drop("turned/sub/ben.jpg", 54, "Make it green")
        await self.count("both", done=9, accepted=3)
        await self.count("turned", done=3)
        (studio.input / "both" / "uma.jpg").rename(studio.input / "both" / "uma-moved.jpg")
        await self.until(("uma-moved.jpg", "done"))

    async def people(self) -> None:
        """Let people decide, and originals be moved."""
        studio = self.studio
        for number, name in enumerate(("wes", "yan", "yes", "zoe"), 61):
            self.drop(f"review/{name}.jpg", number)
        self.drop("tidy/abe.jpg", 71)
        self.drop("tidy/deep/bob.jpg", 72)
        self.drop("needs/cal.jpg", 73)
        self.drop("needs/dee.jpg", 74, "Make it blue")
        await self.count("review", fetched=4)
        await self.count("needs", accepted=1, done=1)
        for action, name in (("approve", "yes"), ("reject", "yan"), ("redo", "zoe")):
            await studio.send(action, jobs=[self.id(f"{name}.jpg")], by="ann")
        await asyncio.sleep(0)
        studio.wait(11)
        await self.count("review", fetched=2, done=3)
        gone = studio.input / "tidy" / "deep" / "bob.jpg"
        await studio.until(lambda: not gone.exists(), "the original is moved")

    async def last_hour(self) -> None:
        """Let jobs stand in the middle of everything."""
        studio = self.studio
        studio.fault(
            Fault(call="download", kind="expired", contains="result 2", status=404),
            Fault(call="query", kind="code", code="1000", contains="stay running"),
            Fault(call="query", kind="code", code="1000", contains="a moment", times=4),
            Fault(call="download", kind="error_before", status=503, contains="stay finished"),
            Fault(call="submit", kind="timeout_before", contains="stay submitting", seconds=60),
            Fault(call="submit", kind="code", code="1003", contains="stay uploaded"),
        )
        await studio.send("pause", watch="paused")
        self.drop("paused/hans.jpg", 81)
        self.drop("two/iris.jpg", 82)
        await studio.until(lambda: "PublishedInPart" in studio.history("iris.jpg"), "one of two")
        self.drop("main/pip.jpg", 83, "stay running")
        self.drop("main/ron.jpg", 84, "stay finished")
        self.drop("away/kit.jpg", 85, "run for a moment")
        await self.until(("kit.jpg", "running"))
        shutil.rmtree(studio.output / "away")
        await self.until(("pip.jpg", "running"), ("ron.jpg", "finished"), ("kit.jpg", "fetched"))
        self.drop("main/sue.jpg", 83, "stay running")
        await self.until(("sue.jpg", "accepted", "leader"))
        self.drop("main/mia.jpg", 86, "stay submitting")
        await self.until(("mia.jpg", "submitting"))
        self.drop("main/ted.jpg", 87, "stay uploaded")
        await self.until(("ted.jpg", "uploaded"))
        await studio.until(lambda: "SubmitDeferred" in studio.history("ted.jpg"), "it is put off")


async def play(studio: Studio, file: Path) -> None:
    """Play the whole day and keep what is left of it."""
    day = Day(studio)
    for name in WATCHES:
        for folder in (studio.input, studio.output):
            (folder / name).mkdir()
    (studio.folder / "logo.png").write_bytes(picture(901, "PNG"))
    (studio.folder / "style.tif").write_bytes(saved(noise((40, 30), 3), "TIFF"))
    for number in range(5):
        day.drop(f"full/f{number}.jpg", 91 + number)
    studio.reconfigure(_placed(studio, config_text()))
    async with studio.running():
        await day.ordinary()
        await day.changes()
        await day.rules()
        await day.people()
    text = config_text(turned="")
    studio.reconfigure(_placed(studio, text))
    async with studio.running():
        await day.last_hour()
        keep(studio, file, text)


def main(file: Path) -> None:
    """Play a day in a temporary folder and keep what it left in a file."""
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(Path(folder), server)
        studio.clock = EarlierClock()
        studio.edge(clock=studio.clock)
        asyncio.run(play(studio, file))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
