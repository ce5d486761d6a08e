"""`doctor`: every line is well, or says what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from hotfolder.journal.connection import FILE_NAME
from tests.mounting import hanging_share, mount
from tests.pictures import saved, scene
from tests.provenance import authority, needs_c2pa, signed
from tests.studio import KEY

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio


def test_a_good_installation_is_well(studio: Studio, hotfolder: CommandLine) -> None:
    """Before the first start, while a daemon works, and asked online, there is nothing to do."""
    first = hotfolder("doctor", "--online")
    assert first.code == 0, first.said
    assert "BAD" not in first.out
    assert "balance" in first.out
    assert "s from the service's" in first.out
    with hotfolder.daemon():
        studio.drop("ann.jpg")
        told = hotfolder("doctor", "--json")
    assert told.code == 0, told.said
    assert {each["verdict"] for each in told.json} <= {"ok", "note"}
    (journal,) = [each["words"] for each in told.json if each["subject"] == "journal"]
    assert "a daemon uses it" in journal
    assert KEY not in first.out + told.out


def test_everything_wrong_is_told_at_once(studio: Studio, hotfolder: CommandLine) -> None:
    """Seven things wrong: seven lines that name what and where, each with what to do."""
    assert hotfolder("once").code == 0
    full = studio.folder / "full"
    full.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(full))
    key_file = studio.folder / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o644)
    text = f"""
state_dir = "{studio.state}"
[api]
key_file = "key"
[limits]
min_free_mb = 100
[[notify]]
name = "office"
command = ["/no/such/program"]
[[watch]]
name = "gone"
input = "nowhere"
output = "out"
[[watch.rule]]
model = "xai/grok-imagine-image/edit-oficial-stable"
[[watch]]
name = "full"
input = "in"
output = "full"
"""
    hotfolder.config.write_text(text)
    (studio.state / FILE_NAME).write_bytes(b"\xff" * 40_000)
    studio.state.chmod(0o777)
    environment = {name: each for name, each in os.environ.items() if not name.endswith("API_KEY")}
    try:
        told = hotfolder("doctor", environment=environment)
    finally:
        subprocess.run(["umount", full], check=True)
    assert told.code == 1, told.said
    lines = told.out.splitlines()
    bad = [number for number, line in enumerate(lines) if line.startswith("BAD")]
    for words, advice in (
        ("did you mean xai/grok-imagine-image/edit-official-stable", "mend that line"),
        ("others may read the key file", "api.key_file"),
        ("there is no folder", "mount the share"),
        ("1 MB free", "make room"),
        ("(mode 777)", "chmod go="),
        ("is damaged", "hotfolder restore"),
        ("[[notify]] office cannot be run: /no/such/program", "mend `command`"),
    ):
        (place,) = [number for number in bad if words in lines[number]]
        assert advice in lines[place + 1], told.out
    assert len(bad) == 7, told.out


def test_the_advice_fits_the_trouble(studio: Studio, hotfolder: CommandLine) -> None:
    """The newest copy is named for a damaged journal, the newer program for one from it."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    with hotfolder.daemon() as daemon:
        copies = studio.state / "backups"
        daemon.until(lambda: list(copies.glob("journal-*.db")), "a copy of the journal")
    (copy,) = copies.iterdir()
    path = studio.state / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert "-> install the newer hotfolder again" in hotfolder("doctor").out
    path.write_bytes(b"\xff" * 40_000)
    assert f"-> hotfolder restore {copy}" in hotfolder("doctor").out
    restored = hotfolder("restore", copy)
    assert restored.code == 0, restored.said
    assert f" release studio -c {studio.folder / 'config.toml'}\n" in restored.out
    assert "BAD  journal" not in hotfolder("doctor").out
    gone = hotfolder("doctor", config=studio.folder / "nowhere.toml")
    assert gone.code == 1
    assert "-> hotfolder init DIR" in gone.out


def test_a_dead_share_is_told(studio: Studio, hotfolder: CommandLine) -> None:
    """Neither `doctor` nor `check` hangs with a share; the watch is named, and it is waited for."""
    assert hotfolder("once").code == 0
    with hanging_share(studio.output):
        looked = hotfolder("doctor")
        assert looked.code == 1
        assert "BAD  watch studio: its share does not answer" in looked.out, looked.said
        assert "ok   journal" in looked.out
        checked = hotfolder("check")
    assert checked.code == 0, checked.said
    assert "its share does not answer: it is waited for" in checked.out


def test_a_password_for_the_page_is_the_owners_alone(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """A missing file, a short password and one that others may read are told with what to do."""
    file = studio.folder / "page-password"
    studio.configure(web=f'password_file = "{file}"')

    def told() -> str:
        return hotfolder("doctor").out

    assert "nobody can sign in by a password" in told()
    file.write_text("short\n")
    file.chmod(0o644)
    assert "take a longer password" in told()
    assert f"chmod 600 {file}" in told()
    file.write_text("correct horse battery\n")
    file.chmod(0o600)
    assert hotfolder("doctor").code == 0


@needs_c2pa
def test_who_signs_is_told_and_what_a_file_says(studio: Studio, hotfolder: CommandLine) -> None:
    """Until when the certificate holds, or what is wrong with it; and of any file its origin."""
    chain, key = authority().signer("doctor")
    path = studio.folder / "config.toml"
    table = f'[provenance]\ncertificate_file = "{chain}"\nkey_file = "{key}"\n[limits]'
    path.write_text(path.read_text().replace("[limits]", table))
    assert (
        "signing: by doctor, until 2099-12-31 (es256), without time stamps"
        in hotfolder("doctor").out
    )
    key.chmod(0o640)
    told = hotfolder("doctor")
    assert told.code == 1
    assert f"BAD  signing: {key}: others may read the signing key: run chmod 600" in told.out
    picture = studio.folder / "signed.jpg"
    picture.write_bytes(signed("image/jpeg", saved(scene(), "JPEG")))
    told = hotfolder("provenance", str(picture))
    assert (told.code, "C2PA: whole" in told.out) == (0, True)
    picture.write_bytes(picture.read_bytes()[:-3] + b"x\xff\xd9")
    told = hotfolder("provenance", str(picture), "--json")
    assert (told.code, json.loads(told.out)["whole"]) == (1, False)
    assert hotfolder("provenance", str(studio.folder / "gone.jpg")).code == 2


def test_what_is_counted_wrongly_is_counted_anew(studio: Studio, hotfolder: CommandLine) -> None:
    """By doctor, where no daemon is at work; else it says how to have it done."""
    studio.drop_many(3)
    assert hotfolder("once").code == 0
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as connection:
        connection.execute("UPDATE tally SET files = 7 WHERE counted_as = 'done'")
        connection.commit()
    assert hotfolder("status", "--json").json["watches"][0]["counts"]["done"] == 7
    with hotfolder.daemon():
        told = hotfolder("doctor")
        assert "BAD  counts" in told.out, told.said
        assert "-> stop hotfolder, and run doctor once more" in told.out
    told = hotfolder("doctor")
    assert "4 files were not counted as what they are; all are counted anew now" in told.out
    assert hotfolder("status", "--json").json["watches"][0]["counts"]["done"] == 3
    assert "counts" not in hotfolder("doctor").out


def test_restore_releases_only_watches_of_the_config(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """The copy may know others that were taken out since: these cannot be released."""
    studio.configure(watches=["attic"])
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    copy = studio.folder / "copy.db"
    assert hotfolder("backup", copy).code == 0
    studio.configure()
    told = hotfolder("restore", copy)
    assert told.code == 0, told.said
    assert " release studio " in told.out
    assert "attic" not in told.out


def test_one_reason_is_told_of_all_that_a_restore_holds(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Of what the copy knows, and of what it does not: by the log, by status and by explain."""
    assert hotfolder("once").code == 0
    hotfolder("pause", "studio")
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 1
    hotfolder("resume", "studio")
    copy = studio.folder / "copy.db"
    assert hotfolder("backup", copy).code == 0
    assert hotfolder("restore", copy).code == 0
    studio.drop("ben.jpg", number=2)
    ended = hotfolder("once")
    why = "put back from an older copy"
    assert (ended.code, why in ended.err) == (1, True), ended.said
    _, _, held = hotfolder("status").out.partition("\nHeld\n")
    heads = [line for line in held.splitlines() if line and not line.startswith(" ")]
    assert [line.partition("  ")[0] for line in heads] == ["watch:studio, backlog:studio"]
    assert ", 2 jobs, about " in heads[0]
    assert f"release studio -c {hotfolder.config}" in held
    told = [hotfolder("explain", studio.input / each).out for each in ("ann.jpg", "ben.jpg")]
    assert [each.count(why) for each in (held, *told)] == [1, 1, 1], (held, told)
    assert "limits.backlog" not in "".join((ended.said, held, *told))
    assert hotfolder("release", "studio").code == 0
    assert hotfolder("once").code == 0
    assert studio.states() == {"done": 2}


def test_the_copy_of_a_lost_journal_is_named(studio: Studio, hotfolder: CommandLine) -> None:
    """With the state directory gone, `status` and `doctor` say how it comes back; not before."""
    copies = studio.folder / "co pies"
    backup = f'[backup]\nfolder = "{copies}"\n[limits]'
    hotfolder.config.write_text(hotfolder.config.read_text().replace("[limits]", backup))
    assert "NOT RUNNING, and it never did: start it with " in hotfolder("status").out
    assert "ok   journal: there is none yet" in hotfolder("doctor").out
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    with hotfolder.daemon() as daemon:
        daemon.until(lambda: list(copies.glob("journal-*.db")), "a copy of the journal")
    (copy,) = copies.iterdir()
    shutil.rmtree(studio.state)
    told = " ".join(hotfolder("status").out.split())  # whose lines are broken where they are long
    assert told.startswith("NOT RUNNING, and the journal is gone: put its newest copy back with ")
    assert f" restore '{copy}' -c {hotfolder.config} WATCH" in told
    assert f"-> hotfolder restore '{copy}'" in hotfolder("doctor").out
    assert hotfolder("restore", copy).code == 0
    assert "the journal is gone" not in hotfolder("status").out
