"""`lines = true`: each line of a text, and each row of a table, is a job of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder import config
from hotfolder.preflight import checking
from hotfolder.watching import set_waits
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

PAINT = 'model = "xai/grok-imagine-image/text-to-image-official-stable"'
LINES = f"{PAINT}\nlines = true"
PRICED = 'model = "gpt-image-1.5/text-to-image-official-stable"\nlines = true'
STYLED = 'model = "midjourney-text-to-image-v7"\nlines = true\nmatch = ["*.csv"]'
SIZED = 'model = "seedream-v4/text-to-image"\nlines = true'


@pytest.fixture(autouse=True)
def _unquiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_waits, "LONG_WAIT_S", 0.0)


def prompts(studio: Studio) -> list[str]:
    """Return what the service was asked for, in alphabetical order."""
    return sorted(str(task.prompt) for task in studio.ledger().tasks)


def stems(studio: Studio) -> list[str]:
    """Return the names of the outputs without their endings."""
    return [each.rpartition(".")[0] for each in studio.outputs()]


async def test_each_line_is_a_job(studio: Studio) -> None:
    """Blank lines and comments are none; each is numbered, and paid once."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.txt", "# ideas\na red fox\n\nan owl at night\n  a blue whale\n")
    await studio.once()
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert prompts(studio) == ["a blue whale", "a red fox", "an owl at night"]
    assert stems(studio) == ["prompts-001", "prompts-002", "prompts-003"]
    assert [job["slot"] for job in studio.jobs()] == [1, 2, 3]
    assert studio.status()["watches"][0]["counts"]["done"] == 1


async def test_a_line_more_is_one_job_more(studio: Studio) -> None:
    """Moving lines makes none, whatever the encoding; the new one gets the next number."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.txt", "a red fox\nan owl at night\n")
    await studio.once()
    studio.drop("prompts.txt", "a green frog\nan owl at night\na red fox\n".encode("utf-16"))
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert prompts(studio) == ["a green frog", "a red fox", "an owl at night"]
    assert stems(studio) == ["prompts-001", "prompts-002", "prompts-003"]
    assert [job["slot"] for job in studio.jobs()] == [1, 2, 3]


async def test_a_line_that_vanished_before_it_was_sent(studio: Studio) -> None:
    """It is withdrawn; those that are still there go on."""
    studio.configure(rules=[LINES])
    await studio.once()
    studio.drop("prompts.txt", "a red fox\nan owl at night\na blue whale\n")
    await studio.act("pause", watch=None)
    await studio.once()
    assert studio.states() == {"accepted": 3}, studio.summary()
    studio.drop("prompts.txt", "a blue whale\na red fox\n")
    await studio.once()
    assert studio.states() == {"accepted": 2, "cancelled": 1}, studio.summary()
    await studio.act("resume", watch=None)
    await studio.once()
    assert prompts(studio) == ["a blue whale", "a red fox"]
    assert stems(studio) == ["prompts-001", "prompts-003"]


async def test_equal_lines_follow_duplicates(studio: Studio) -> None:
    """They are paid once and delivered each; or paid each."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.txt", "a red fox\na red fox\n")
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert len(studio.ledger().tasks) == 1
    studio.configure(rules=[LINES], watch='duplicates = "edit"')
    studio.drop("more.txt", "a blue fox\na blue fox\n")
    await studio.once()
    assert len(studio.ledger().tasks) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_a_table_says_more(studio: Studio, encoding: str) -> None:
    """Its columns fill the prompt, the name and parameters; the rule's prompt is around it."""
    studio.configure(rules=[f'{SIZED}\nprompt = "Watercolour: {{text}}"'])
    table = 'Prompt;name;params.width\r\n"a fox; red";fuchs;2048\r\nan owl at night;;1024\r\n'
    studio.drop("prompts.csv", table.encode(encoding))
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert prompts(studio) == ["Watercolour: a fox; red", "Watercolour: an owl at night"]
    assert {task.params["width"] for task in studio.ledger().tasks} == {1024, 2048}
    assert stems(studio) == ["fuchs", "prompts-002"]


async def test_a_bad_row_waits_and_the_others_go(studio: Studio) -> None:
    """It says which it is and why; mended it goes, too, under its own number."""
    studio.configure(rules=[SIZED])
    rows = ["prompt,params.width,colour", "a red fox,1024,", "an owl,wide,", "a blue whale,1024,x"]
    rows.append(f"{'word ' * 1000},,")
    studio.drop("prompts.csv", "\n".join(rows))
    await studio.once()
    assert studio.states() == {"done": 1, "accepted": 3}, studio.summary()
    wide, unknown, long = (job["error"]["message"] for job in studio.jobs() if job["error"])
    assert wide.startswith("Row 3: width must be")
    assert unknown.startswith("Row 4: it has something in the column 'colour'")
    assert long == "Row 5: prompt may have 2000 characters, not 4999"
    rows[2:] = ["an owl,2048,", "a blue whale,1024,"]
    studio.drop("prompts.csv", "\n".join(rows))
    await studio.once()
    assert studio.states() == {"done": 3, "cancelled": 3}, studio.summary()
    assert stems(studio) == ["prompts-001", "prompts-002", "prompts-003"]


async def test_a_table_without_the_column_that_its_model_needs(studio: Studio) -> None:
    """Each row says what is missing; nothing is paid."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.csv", "name,params.width\nfox,1024\n")
    await studio.once()
    assert studio.states() == {"accepted": 1}, studio.summary()
    assert "prompt" in studio.job("prompts.csv")["error"]["message"]
    assert not studio.ledger().tasks


async def test_a_row_names_its_files(studio: Studio) -> None:
    """By role, beside the table or in a folder that is allowed; each goes where it says."""
    (studio.folder / "looks").mkdir()
    (studio.folder / "looks" / "oil.jpg").write_bytes(picture(7))
    (studio.folder / "secret.jpg").write_bytes(picture(8))
    studio.configure(rules=[STYLED], watch=f'reference_folders = ["{studio.folder}/looks"]')
    for number, name in enumerate(("ann", "bob"), 1):
        studio.drop(f"lists/{name}.jpg", number=number)
    rows = [
        "prompt,media.image,media.sref",
        "a red fox,ann.jpg,",
        f"an owl,bob.jpg,{studio.folder}/looks/oil.jpg",
        "a frog,../../secret.jpg,",
        "a whale,none.jpg,",
    ]
    studio.drop("lists/prompts.csv", "\n".join(rows))
    await studio.once()
    assert studio.states() == {"done": 2, "accepted": 2}, studio.summary()
    fox, owl = sorted(studio.ledger().tasks, key=lambda each: str(each.prompt))
    assert [set(each.params) & {"imageUrl", "sref"} for each in (fox, owl)] == [
        {"imageUrl"},
        {"imageUrl", "sref"},
    ]
    outside, missing = (job["error"]["message"] for job in studio.jobs() if job["error"])
    assert outside.startswith("Row 4: The reference lists/../../secret.jpg lies")
    assert missing.startswith("Row 5: The reference lists/none.jpg cannot be read")


async def test_a_row_with_a_role_that_its_model_has_not(studio: Studio) -> None:
    """It waits and says which roles there are."""
    studio.configure(rules=[STYLED])
    studio.drop("prompts.csv", "prompt,media.voice\na red fox,ann.wav\n")
    await studio.once()
    (job,) = studio.jobs()
    assert job["error"]["message"].startswith(
        "Row 2: midjourney-text-to-image-v7 has no voice: it takes image, sref, oref"
    )


async def test_a_file_that_a_row_names_and_that_changes(studio: Studio) -> None:
    """What is paid stays paid: the row is stale, and retry --changed makes it anew."""
    studio.configure(rules=[STYLED])
    studio.drop("ann.jpg", number=1)
    studio.drop("prompts.csv", "prompt,media.image\na red fox,ann.jpg\n")
    await studio.once()
    studio.drop("ann.jpg", number=2)
    studio.configure(rules=[f'{STYLED}\nprompt = "{{text}}"'])
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert [job["stale"] for job in studio.jobs()] == [True], studio.summary()
    await studio.act("retry", jobs=[1], changed=True)
    await studio.once()
    first, second = studio.ledger().tasks
    assert first.input_sha256 != second.input_sha256


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "there is no text"),
        (b"a fox,an owl\nx,y\n", "must name its columns"),
        (b"prompt\nf\xfcr\n", "save it as CSV UTF-8"),
        (b"# nothing\n", "must name its columns"),
    ],
)
async def test_what_is_no_table_waits(studio: Studio, content: bytes, reason: str) -> None:
    """One job says why, and goes once the file is mended."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.csv", content)
    await studio.once()
    assert studio.states() == {"accepted": 1}, studio.summary()
    assert reason in studio.job("prompts.csv")["error"]["message"]
    studio.drop("prompts.csv", "prompt\na red fox\n")
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}, studio.summary()


async def test_variants_of_each_row(studio: Studio) -> None:
    """Each row several times; more of them are not paid for rows that were sent."""
    studio.configure(rules=[f"{LINES}\nvariants = 2"])
    studio.drop("prompts.txt", "a red fox\nan owl at night\n")
    await studio.once()
    assert studio.states() == {"done": 4}, studio.summary()
    names = [f"prompts-00{row}-{each}" for row in (1, 2) for each in (1, 2)]
    assert stems(studio) == names
    studio.configure(rules=[f"{LINES}\nvariants = 3"])
    await studio.once()
    assert len(studio.ledger().tasks) == 4


async def test_the_variants_of_a_row_are_confirmed_together(studio: Studio) -> None:
    """Their sum is compared, row by row; a release is for all of one row, and no row is dearer."""
    studio.configure(rules=[f"{PRICED}\nvariants = 2"], limits="confirm_over = 0.3")
    rows = ["prompt,params.quality", "a red fox,low", "an owl,medium", "a whale,high"]
    studio.drop("prompts.csv", "\n".join(rows))
    await studio.once()
    assert studio.states() == {"done": 2, "accepted": 4}, studio.summary()
    owl, _, whale, _ = (job for job in studio.jobs() if job["error"])
    assert owl["error"]["message"].startswith("Row 3: Its 2 variants would cost about 0.42 CNY")
    assert whale["error"]["code"] == "dearer_than_allowed"
    await studio.act("release", jobs=[owl["id"]])
    await studio.once()
    assert studio.states() == {"done": 4, "accepted": 2}, studio.summary()
    assert [each.prompt for each in studio.ledger().tasks].count("an owl") == 2


async def test_many_new_rows_are_held_until_released(studio: Studio) -> None:
    """Dropped or not; then all of them go, and one more is not held again."""
    studio.configure(rules=[LINES], limits="backlog = 3")
    async with studio.running():
        studio.drop("prompts.txt", "\n".join(f"fox number {each}" for each in range(5)))
        await studio.until(lambda: studio.holds() == ["backlog:studio"], "the hold")
        assert studio.jobs() == []
        assert studio.explain("prompts.txt")["verdict"] == "held"
    await studio.once(release=True)
    assert studio.states() == {"done": 5}, studio.summary()
    assert studio.holds() == []
    studio.drop("prompts.txt", "\n".join(f"fox number {each}" for each in range(6)))
    await studio.once()
    assert studio.states() == {"done": 6}, studio.summary()


async def test_many_lines_are_no_loop(studio: Studio) -> None:
    """More rows than a picture may be overwritten in an hour: all of them go."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.txt", "\n".join(f"fox number {each}" for each in range(25)))
    await studio.once()
    assert studio.holds() == []
    assert studio.states() == {"done": 25}, studio.summary()


async def test_a_moved_file_takes_its_rows_along(studio: Studio) -> None:
    """Nothing is paid anew; a line that is added then is one job."""
    studio.configure(rules=[LINES])
    path = studio.drop("prompts.txt", "a red fox\nan owl at night\n")
    await studio.once()
    (studio.input / "sent").mkdir()
    path.rename(studio.input / "sent" / "prompts.txt")
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    studio.drop("sent/prompts.txt", "a red fox\nan owl at night\na blue whale\n")
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert len(studio.ledger().tasks) == 3


async def test_lines_switched_on_or_off_pay_nothing(studio: Studio) -> None:
    """Regrouping is not new: what was sent as one text, or as its lines, stays sent."""
    studio.configure(rules=[PAINT])
    studio.drop("prompts.txt", "a red fox\nan owl at night\n")
    await studio.once()
    studio.configure(rules=[LINES])
    await studio.once()
    assert len(studio.ledger().tasks) == 1, studio.summary()
    studio.drop("other.txt", "a blue whale\na green frog\n")
    await studio.once()
    assert len(studio.ledger().tasks) == 3, studio.summary()
    studio.configure(rules=[PAINT])
    await studio.once()
    assert len(studio.ledger().tasks) == 3, studio.summary()


async def test_a_changed_rule_makes_rows_stale(studio: Studio) -> None:
    """Only retry --changed pays, and for the row that is named alone."""
    studio.configure(rules=[LINES])
    studio.drop("prompts.txt", "a red fox\nan owl at night\n")
    await studio.once()
    studio.configure(rules=[f'{LINES}\nprompt = "Oil on canvas: {{text}}"'])
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [True, True]
    await studio.act("retry", jobs=[1], changed=True)
    await studio.once()
    assert len(studio.ledger().tasks) == 3
    assert prompts(studio)[0] == "Oil on canvas: a red fox"


@pytest.mark.parametrize(
    ("watch", "rules", "message"),
    [
        ("", ['prompt = "gold"\nlines = true'], "is for rules that take texts"),
        (
            'rules = "all"',
            [f'name = "one"\n{LINES}', f'name = "two"\n{PAINT}'],
            "must be the same for all rules",
        ),
    ],
)
def test_check_tells_contradictions(
    studio: Studio, watch: str, rules: list[str], message: str
) -> None:
    """Lines of a picture, and a text that is both lines and one text."""
    studio.configure(watch=watch, rules=rules)
    reading = config.read(studio.folder / "config.toml", {})
    told = checking.problems(reading, seen_online=frozenset(), dead=frozenset())
    assert any(message in each.message for each in told), told
