"""What models say that make no file: ids, which a later submit must present while they live.

Nobody has seen the service's own texts, so their keys are as its parameters are called; with
`said_wrapped` they are wrapped and spelt another way, as services do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hotfolder.simulator.answers import Json, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotfolder.simulator.settings import Settings
    from hotfolder.simulator.tasks import Task

FACES: Final = "kling-lip-sync/identify-face"
SPEECH: Final = "kling-lip-sync/tts"
ELEMENT: Final = "kling-elements"
CHARACTER: Final = "rhart-video-s/sora-upload-character"
_PRESENTED: Final[Mapping[str, str]] = {"sessionId": FACES, "audioId": SPEECH}
_SPEECH_S: Final = "2.5"


def said(task: Task, settings: Settings) -> str:
    """Return the text that a task results in."""
    told = _told(task, settings)
    if told is None:
        return f"SIMULATED: {task.order.prompt}"
    if isinstance(told, str):
        return told
    return json.dumps({"code": 0, "data": _spelt(told)} if settings.said_wrapped else told)


def _told(task: Task, settings: Settings) -> Json | str | None:
    number = task.task_id[-8:]
    match task.order.model.endpoint:
        case endpoint if endpoint == FACES:
            faces = [
                {"faceId": f"{number}-{each}", "startTime": 0, "endTime": 5000}
                for each in range(1, settings.faces + 1)
            ]
            return {"sessionId": f"session-{number}", "faces": faces}
        case endpoint if endpoint == SPEECH:
            return {"audioId": f"audio-{number}", "duration": _SPEECH_S}
        case endpoint if endpoint == ELEMENT:
            return {"elementId": task.task_id} if settings.said_wrapped else task.task_id
        case endpoint if endpoint == CHARACTER:
            return {"id": task.task_id} if settings.said_wrapped else task.task_id
    return None


def check(body: Json, tasks: Iterable[Task], settings: Settings, now: float) -> None:
    """Raise RefusedError 1007 where a submit presents an id that nobody was told, or an old one.

    Where nobody was told any of a kind, whatever is presented may be of before this service began.
    """
    asked = [(key, body[key], of) for key, of in _PRESENTED.items() if body.get(key)]
    listed = body.get("elementList")
    elements = listed if isinstance(listed, list) else []
    asked += [("element_id", each.get("element_id"), ELEMENT) for each in elements]
    if not asked:
        return
    for key, value, endpoint in asked:
        told = [each for each in tasks if each.order.model.endpoint == endpoint]
        young = [each for each in told if now - each.accepted_at <= settings.said_ttl_s]
        if told and value not in {each for task in young for each in _ids(task, settings)}:
            raise RefusedError("1007", f"{key} is unknown or has expired")


def _ids(task: Task, settings: Settings) -> Iterator[str]:
    told = _told(task, settings)
    values = told.values() if isinstance(told, dict) else [told]
    yield from (each for each in values if isinstance(each, str))


def _spelt(value: Any) -> Any:  # noqa: ANN401  whatever JSON has
    if isinstance(value, dict):
        return {_snake(key): _spelt(each) for key, each in value.items()}
    return [_spelt(each) for each in value] if isinstance(value, list) else value


def _snake(key: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in key)
