"""Which files make one job together: by stem and role, by folder; what is missing, what is left."""

from __future__ import annotations

import pytest

from hotfolder.kinds.kind import Kind
from hotfolder.planning.sets import (
    Gathered,
    Grouping,
    Incomplete,
    Member,
    Place,
    natural,
    of_folder,
    of_one,
)
from hotfolder.planning.sets import of_stem as _of_stem

FIRST = Place(parameter="f", kind=Kind.PICTURE, roles=("first", "start"), required=True)
LAST = Place(parameter="l", kind=Kind.PICTURE, roles=("last", "end"), required=True)
MAY_END = Place(parameter="l", kind=Kind.PICTURE, roles=("last", "end"))
SOUND = Place(parameter="s", kind=Kind.AUDIO, roles=("audio",), required=True)
SEVEN = Place(parameter="i", kind=Kind.PICTURE, roles=("image",), required=True, many=True, most=7)
FRAMES = Grouping(group="stem", places=(FIRST, LAST))
OPEN_END = Grouping(group="stem", places=(FIRST, MAY_END))
TALK = Grouping(group="stem", places=(FIRST, SOUND))
FOLDER = Grouping(group="folder", places=(SEVEN,))
VIEWS = Grouping(
    group="folder",
    places=tuple(
        Place(parameter=role, kind=Kind.PICTURE, roles=(role,), required=role == "front")
        for role in ("front", "left", "back")
    ),
)


def of_stem(how: Grouping, *names: str, strangers: tuple[str, ...] = ()) -> Gathered | Incomplete:
    """Return what files of the stem ann become."""
    found = _of_stem(how, "a/ann", [f"a/{each}" for each in names], strangers)
    assert found is not None
    return found


def in_folder(how: Grouping, *names: str, others: tuple[str, ...] = ()) -> Gathered | Incomplete:
    """Return what files in the folder shoot7 become."""
    taken = [f"shoot7/{each}" for each in names]
    found = of_folder(how, "shoot7", taken, [f"shoot7/{each}" for each in others])
    assert found is not None
    return found


def test_two_halves_with_their_roles_are_one_set() -> None:
    """In the order of the parameters, known by the stem, whatever the case of roles."""
    assert of_stem(FRAMES, "ann.LAST.jpg", "ann.first.jpg") == Gathered(
        key="a/ann.*",
        named_after="a/ann",
        members=(Member("a/ann.first.jpg", "f"), Member("a/ann.LAST.jpg", "l")),
    )


def test_a_picture_and_a_sound_need_no_roles() -> None:
    """One file of each kind joins."""
    found = of_stem(TALK, "ann.jpg", "ann.wav")
    assert isinstance(found, Gathered)
    assert found.members == (Member("a/ann.jpg", "f"), Member("a/ann.wav", "s"))


def test_a_second_picture_is_a_set_of_its_own() -> None:
    """As twins were ever; here it lacks a sound of its own."""
    found = of_stem(TALK, "ann.jpg", "ann.png", "ann.wav")
    assert isinstance(found, Gathered)
    assert found.besides == ("a/ann.png",)
    assert of_one(TALK, "a/ann.png") == Incomplete(reason="needs a/ann.wav", paths=("a/ann.png",))


def test_a_single_file_is_known_by_its_path() -> None:
    """Whatever the group is; with a role its output has the stem, and the rest may still come."""
    assert of_stem(OPEN_END, "ann.jpg") == Gathered.alone("a/ann.jpg", "f")
    assert of_stem(OPEN_END, "ann.first.jpg") == Gathered(
        key="a/ann.first.jpg",
        named_after="a/ann",
        members=(Member("a/ann.first.jpg", "f"),),
        hopes=("a/ann.last.jpg",),
    )


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["ann.first.jpg"], "needs a/ann.last.jpg"),
        (["ann.last.png"], "needs a/ann.first.png"),
        (["ann.jpg"], "needs a/ann.last.jpg"),
        (
            ["ann.first.jpg", "ann.first.png", "ann.last.jpg"],
            "ann.first.jpg and ann.first.png are all first: move all but one of them away",
        ),
        (["ann.first.wav", "ann.last.jpg"], "ann.first.wav is a sound, and first takes a picture"),
    ],
)
def test_a_set_that_is_not_complete_says_what_it_needs(names: list[str], reason: str) -> None:
    """By the name that the file would have; two files for one role are told."""
    found = of_stem(FRAMES, *names)
    assert found == Incomplete(reason=reason, paths=tuple(f"a/{each}" for each in names))


def test_nothing_beside_files_with_roles_is_left_over() -> None:
    """A third picture, or a sound, holds the set by name."""
    for more, strangers in ((["ann.jpg"], ()), ([], ("a/ann.wav",))):
        found = of_stem(FRAMES, "ann.first.jpg", "ann.last.jpg", *more, strangers=strangers)
        assert isinstance(found, Incomplete)
        assert found.reason.startswith(f"{(more or ['ann.wav'])[0]} has no place")


def test_an_optional_role_can_be_waited_for() -> None:
    """With wait_for it must be there."""
    how = Grouping(group="stem", places=(FIRST, MAY_END), wait_for=("end",))
    found = of_stem(how, "ann.first.jpg")
    assert isinstance(found, Incomplete)
    assert found.reason == "needs a/ann.last.jpg"


def test_other_habits_of_naming_are_taken() -> None:
    """A pattern says where the stem is."""
    how = Grouping(
        group="stem",
        places=(FIRST, LAST),
        roles={"first": "{stem}_start", "last": "z_{stem}"},
    )
    assert how.split("a/ann_START.jpg") == ("a/ann", FIRST)
    assert how.split("a/z_ann.jpg") == ("a/ann", LAST)
    assert how.split("a/ann.other.jpg") == ("a/ann.other", None)
    assert of_stem(how, "ann_start.jpg") == Incomplete(
        reason="needs a/z_ann.jpg", paths=("a/ann_start.jpg",)
    )


def test_a_folder_is_sent_in_the_order_of_people() -> None:
    """2 before 10; known by the folder, named after it."""
    found = in_folder(FOLDER, "10.jpg", "2.jpg", "B.jpg", "a.jpg")
    assert isinstance(found, Gathered)
    assert [each.path for each in found.members] == [
        f"shoot7/{each}" for each in ("2.jpg", "10.jpg", "a.jpg", "B.jpg")
    ]
    assert (found.key, found.named_after) == ("shoot7/", "shoot7")


def test_names_equal_to_a_role_fill_it() -> None:
    """In a folder no stem is needed; a picture without a role fills the first free place."""
    found = in_folder(VIEWS, "back.jpg", "front.png", "x.jpg")
    assert isinstance(found, Gathered)
    assert found.members == (
        Member("shoot7/front.png", "front"),
        Member("shoot7/x.jpg", "left"),
        Member("shoot7/back.jpg", "back"),
    )


@pytest.mark.parametrize(
    ("how", "names", "others", "reason"),
    [
        (
            FOLDER,
            [f"{number}.jpg" for number in range(1, 12)],
            (),
            (
                "11 files for 7 places: 8.jpg, 9.jpg and 10.jpg have none. "
                "Move what is too many away, or exclude it in the rule"
            ),
        ),
        (
            FOLDER,
            ["1.jpg"],
            ("sound.wav",),
            (
                "sound.wav has no place: this edit takes no sound. "
                "Move it away, or exclude it in the rule"
            ),
        ),
        (VIEWS, ["left.jpg"], (), "needs shoot7/front.jpg"),
        (
            VIEWS,
            ["front.jpg", "front.png"],
            (),
            "front.jpg and front.png are all front: move all but one of them away",
        ),
    ],
)
def test_a_folder_says_what_it_needs_or_has_too_much(
    how: Grouping, names: list[str], others: tuple[str, ...], reason: str
) -> None:
    """Nothing that somebody put there is silently left out."""
    found = in_folder(how, *names, others=others)
    assert isinstance(found, Incomplete)
    assert found.reason == reason


def test_a_folder_waits_for_the_file_that_says_it_is_ready() -> None:
    """Whatever else is there."""
    how = Grouping(group="folder", places=(SEVEN,), ready="_go")
    waiting = in_folder(how, "1.jpg")
    assert isinstance(waiting, Incomplete)
    assert waiting.reason == "needs shoot7/_go"
    assert isinstance(in_folder(how, "1.jpg", others=("_go",)), Gathered)


def test_natural_order_tells_all_names_apart() -> None:
    """Numbers by their value, wherever they are, and never an error."""
    names = ["a10", "a2", "2", "10b", "b", "", "a2b10", "a2b9"]
    assert sorted(names, key=natural) == ["", "2", "10b", "a2", "a2b9", "a2b10", "a10", "b"]
