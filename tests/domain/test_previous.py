"""Values that a job of a chain takes from the text of the job before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import previous
from hotfolder.domain.previous import Said

if TYPE_CHECKING:
    from hotfolder.domain.params import JsonScalar, JsonTable, Params

FACES = '{"sessionId": "s-1", "faces": [{"faceId": "f-1"}, {"faceId": 2}], "more": {"deep": true}}'


def listed(value: JsonScalar) -> list[JsonTable]:
    """Return a value in a table of a list."""
    return [{"id": value}]


def after(text: str, face: int | None = None) -> Said:
    """Return what is known after one job that said a text."""
    return Said(step=1, texts={0: text}, face=face)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("{previous}", " a red fox\n", "a red fox"),
        ("{previous.sessionId}", FACES, "s-1"),
        ("{previous.faces.0.faceId}", FACES, "f-1"),
        ("{previous.faces.1.faceId}", FACES, "2"),
        ("{previous.deep}", FACES, "true"),
        ("{previous.faceId}", '{"data": {"faceId": "f-9"}}', "f-9"),
        ("{previous.id}", "character_7", "character_7"),
        ("{previous.id}", '"character_7"', "character_7"),
        ("{previous.element_id}", "1796005199264016938\n", "1796005199264016938"),
        ("{previous.sessionId}", '{"data": {"session_id": "s-2"}}', "s-2"),
        ("{previous.face.faceId}", '{"face_data": [{"face_id": 7}]}', "7"),
        ("{previous.duration.ms}", '{"audios": [{"duration": "3.25"}]}', "3250"),
        ("{previous.duration.ms}", '{"duration": 3250}', "3250"),
        ("@{previous.id}, walking", "fox", "@fox, walking"),
    ],
)
def test_a_value_is_found(field: str, text: str, value: str) -> None:
    """By its path, wherever the service wraps it."""
    wanted: Params = {"x": field, "n": 3, "list": listed(field)}
    told: Params = {"x": value, "n": 3, "list": listed(value)}
    assert previous.filled(field, wanted, after(text)) == (value, told)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("{previous.faces.2.faceId}", FACES),
        ("{previous.sessionId.x}", FACES),
        ("{previous.none}", FACES),
        ("{previous.id}", "no id was made"),
        ("{previous.id.x}", "word"),
        ("{previous.0}", "{}"),
    ],
)
def test_what_is_not_there_is_told(field: str, text: str) -> None:
    """The field is named as it stands in the rule."""
    with pytest.raises(previous.LacksValue, match=r"^\{previous"):
        previous.filled(None, {"x": field}, after(text))


def test_a_job_further_up_is_asked_by_its_number() -> None:
    """The first of the chain is step1; one that said nothing, or comes later, lacks the value."""
    said = Said(step=2, texts={0: '{"audioId": "a-1"}', 1: '{"audioId": "a-2"}'})
    asked: Params = {"x": "{step1.audioId} {step2.audioId} {previous.audioId}"}
    assert previous.filled(None, asked, said) == (None, {"x": "a-1 a-2 a-2"})
    assert previous.asked_steps("{step3}", asked) == {1, 2, 3}
    with pytest.raises(previous.LacksValue):
        previous.filled("{step3}", {}, said)


def test_of_several_faces_one_is_said() -> None:
    """Nobody guesses which; one that is not there is lacking."""
    field = "{previous.face.faceId}"
    with pytest.raises(previous.SeveralFaces):
        previous.filled(field, {}, after(FACES))
    assert previous.filled(field, {}, after(FACES, face=2)) == ("2", {})
    with pytest.raises(previous.LacksValue):
        previous.filled(field, {}, after(FACES, face=3))


def test_it_is_known_what_asks() -> None:
    """In the prompt, a parameter, or a part of a list; other braces are others'."""
    assert previous.asks("as {previous}", {})
    listed: list[JsonScalar] = ["a", "{previous.id}"]
    assert previous.asks(None, {"x": listed})
    assert not previous.asks("{stem} {previously}", {"n": 1})


def test_the_rest_is_filled_around() -> None:
    """What comes from the job before stays until there is one."""
    assert previous.around("{a}{previous.b}{c}", str.upper) == "{A}{previous.b}{C}"
