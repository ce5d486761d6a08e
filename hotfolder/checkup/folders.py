"""The folders: of each watch, and of the state."""

from __future__ import annotations

import os
import shutil
from typing import Final

from hotfolder.checkup.findings import MEGABYTE, Finding, Findings, Verdict, judge
from hotfolder.config import Config, Watch
from hotfolder.domain.errors import OutputError
from hotfolder.outputs.target import check_root
from hotfolder.outputs.trial import try_publishing
from hotfolder.tree import mounts

_RIGHTS: Final = "add the daemon's user to the group of the files, or change their rights"


def watched(watch: Watch, min_free_mb: int) -> Findings:
    """Yield how it is with the folders of a watch."""
    subject = f"watch {watch.name}"
    if watch.input.is_dir():
        mount = mounts.of(watch.input)
        scanned = mount.remote or watch.detect == "scan"
        how = "scanning" if scanned else "events, and a scan from time to time"
        yield Finding(Verdict.OK, subject, f"{watch.input} on {mount.kind}: {how}")
    else:
        advice = "mount the share, or make the folder; while it is away the watch waits"
        yield Finding(Verdict.BAD, subject, f"there is no folder {watch.input}", advice)
    if not os.access(watch.input, os.R_OK | os.X_OK) and watch.input.is_dir():
        yield Finding(Verdict.BAD, subject, f"{watch.input} cannot be read", _RIGHTS)
    try:
        free_mb = check_root(watch.output) / MEGABYTE
        try_publishing(watch.output)
    except OutputError as error:
        yield Finding(Verdict.BAD, subject, f"a trial file: {error}", error.hint)
        return
    yield judge(
        free_mb >= min_free_mb,
        subject,
        f"{watch.output} can be written, {free_mb:,.0f} MB free",
        f"make room: below limits.min_free_mb ({min_free_mb} MB) nothing is submitted",
    )


def silent(watch: Watch) -> Findings:
    """Yield that a folder of a watch lies on a share that is dead."""
    yield Finding(
        Verdict.BAD,
        f"watch {watch.name}",
        f"its share does not answer: {watch.input} -> {watch.output}",
        "look at the share and the network; while it is away the watch waits",
    )


def state(wanted: Config) -> Findings:
    """Yield how it is with the folder of the state."""
    folder = wanted.state_dir
    mount = mounts.of(folder)
    if mount.remote:
        advice = "choose a folder on a local disk: a share cannot keep the journal's promises"
        yield Finding(Verdict.BAD, "state", f"{folder} is on a share ({mount.kind})", advice)
    if not folder.exists():
        yield Finding(Verdict.OK, "state", f"{folder} is made at the first start")
        return
    free_mb = shutil.disk_usage(folder).free / MEGABYTE
    yield judge(
        free_mb >= wanted.limits.min_free_mb,
        "state",
        f"{free_mb:,.0f} MB free for the journal and fetched results",
        "make room: nothing is submitted while results cannot be kept",
    )
