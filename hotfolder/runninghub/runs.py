"""Apps and workflows as models: each node that may be set is a parameter of its own.

A table says what nodes there are; a rule may say what goes into them. Of both a model is made, so
that all that is known of models holds for them: only how its body is written differs. A value of a
node is a literal, or one of these words:

    "{source}"   the file of the watch
    "{role}"     a file of the set that is known by this role
    "{file}"     a constant file (which is how a rule's { file = ... } is remembered)
    "{prompt}"   the prompt
    "random"     a number that chance gives, once for each job

A node that neither table nor rule give a value keeps the one that its author gave it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hotfolder.domain.money import COINS
from hotfolder.domain.params import JsonScalar
from hotfolder.runninghub.catalog import PROMPT, Model, Parameter, Price, RunAs

SOURCE = "source"
FILE = "file"
ID_PATTERN = r"^[0-9]{1,32}$"
NODE_PATTERN = re.compile(r"[^.\s]{1,64}\.[^\s]{1,128}")
WORDS: Mapping[str, str] = {"app": "ai-app", "workflow": "workflow"}
_WORD = re.compile(r"\{([\w-]{1,64})\}")
_KIND_OF_TEXT = "STRING"
_SLUG = re.compile(r"[^a-z0-9]+")

Kind = Literal["app", "workflow"]


class Node(BaseModel):
    """One value that a run may set, as its table has it; `value` is what goes into it, if anything.

    `label` says what it is for; `role` is the short name by which files mean it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["STRING", "LIST", "INT", "FLOAT", "BOOLEAN", "IMAGE", "VIDEO", "AUDIO"]
    label: str = ""
    role: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,64}$")] = ""
    options: tuple[JsonScalar, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    value: JsonScalar = None

    @property
    def is_media(self) -> bool:
        """Whether it takes a file."""
        return self.type in ("IMAGE", "VIDEO", "AUDIO")


def _is_known_by_node(nodes: object) -> object:
    if isinstance(nodes, Mapping):
        for key in nodes:
            if not isinstance(key, str) or not NODE_PATTERN.fullmatch(key):
                raise ValueError(f'a node is named "NODE.FIELD", as "39.image", not {key!r}')
    return nodes


class Run(BaseModel):
    """A table of an app or a workflow.

    `coins` and `price` are what a run is expected to cost: coins, or money in `currency`.
    `access_password_file` holds the password that its author asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=ID_PATTERN)]
    name: str = ""
    output: Literal["image", "video", "audio", "3d", "string"] = "image"
    instance: Literal["default", "plus", "ultra"] = "default"
    access_password_file: Path | None = None
    coins: Annotated[Decimal, Field(ge=0)] | None = None
    price: Annotated[Decimal, Field(ge=0)] | None = None
    currency: str = "CNY"
    nodes: Annotated[dict[str, Node], BeforeValidator(_is_known_by_node)] = {}


def reference(kind: Kind, run_id: str, nodes: Mapping[str, object]) -> str:
    """Return the name of the model that an app or workflow is, with what a rule puts where.

    Only what goes where makes another model; a literal is a parameter of it.
    """
    placed = {key: value for key, value in nodes.items() if word(value) is not None}
    if not placed:
        return f"{kind}/{run_id}"
    written = json.dumps(placed, sort_keys=True).encode()
    return f"{kind}/{run_id}/{hashlib.sha256(written).hexdigest()[:8]}"


def word(value: object) -> str | None:
    """Return the word within the braces of a value, None for one that is no such word."""
    found = _WORD.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def model(kind: Kind, run: Run, nodes: Mapping[str, object], workflow: str = "") -> Model:
    """Return the model that an app or workflow is for a rule.

    `nodes` are the rule's values: words, and None where a file goes; `workflow` is its own JSON.
    """
    values = placed(run, nodes)
    params = {}
    for key, node in run.nodes.items():
        parameter = _parameter(key, node, values)
        if parameter is not None:
            params[parameter.key] = parameter
    return Model(
        name=reference(kind, run.id, nodes),
        endpoint=f"run/{WORDS[kind]}/{run.id}",
        section=run.name,
        output=run.output,
        params=params,
        price=_price(run),
        run=RunAs(
            instance=run.instance,
            password_file=run.access_password_file,
            workflow=workflow,
            title=run.name,
        ),
    )


def placed(run: Run, nodes: Mapping[str, object]) -> dict[str, object]:
    """Return what goes into each node: the rule's word, else the table's, else what is plain.

    Where nothing says so, the only node for a file takes the source, the only text the prompt.
    """
    values: dict[str, object] = {
        key: node.value for key, node in run.nodes.items() if node.value is not None
    }
    values |= nodes
    words = {word(value) for value in values.values()}
    media = [key for key, node in run.nodes.items() if node.is_media]
    texts = [key for key, node in run.nodes.items() if node.type == _KIND_OF_TEXT]
    if len(media) == 1 and media[0] not in values:
        values[media[0]] = f"{{{SOURCE}}}"
    if len(texts) == 1 and texts[0] not in values and PROMPT not in words:
        values[texts[0]] = f"{{{PROMPT}}}"
    return values


def problems(run: Run, nodes: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what a rule puts into the nodes, as (node, message)."""
    known = ", ".join(run.nodes) or "none"
    for key in nodes:
        if key not in run.nodes:
            yield key, f"there is no node {key}: its table has {known}"
    values = placed(run, nodes)
    prompts = [key for key, value in values.items() if word(value) == PROMPT]
    for key in prompts[1:]:
        yield key, f"the prompt goes into {prompts[0]} already"
    for key, value in values.items():
        node = run.nodes.get(key)
        if node is not None:
            yield from ((key, message) for message in _misplaced(node, value))
    media = [key for key, node in run.nodes.items() if node.is_media]
    if media and not any(key in values for key in media):
        listed = " or ".join(f'"{key}" = "{{source}}"' for key in media)
        yield "", f"which node takes the source? Say nodes = {{ {listed} }}"


def _misplaced(node: Node, value: object) -> Iterator[str]:
    found = word(value)
    if found is not None and (found == PROMPT) == node.is_media:
        what = "a file" if node.is_media else "a value"
        yield f"{{{found}}} cannot go into a node that takes {what} of type {node.type}"
    elif node.is_media and found is None and value is not None:
        yield 'takes a file: "{source}", a role in braces, or { file = "…" }'


def _parameter(key: str, node: Node, values: Mapping[str, object]) -> Parameter | None:
    """Return the parameter that a node is; None for one that takes a file and is given none."""
    value, said = values.get(key), key in values
    if node.is_media and not said:
        return None
    found = word(value)
    has_default = said and not node.is_media and found is None
    return Parameter(
        key=PROMPT if found == PROMPT else key,
        node=key,
        type=node.type,
        required=node.is_media or has_default,
        options=node.options,
        default=value if has_default and isinstance(value, str | int | float | bool) else None,
        min=node.min,
        max=node.max,
        roles=tuple(filter(None, dict.fromkeys([_role(found), node.role, slug(node.label)])))
        if node.is_media
        else (),
    )


def _role(found: str | None) -> str:
    return "" if found in (None, SOURCE, FILE) else str(found).casefold()


def slug(label: str) -> str:
    """Return a label as a role: its letters and digits in lower case, with dashes."""
    return _SLUG.sub("-", label.casefold()).strip("-")


def _price(run: Run) -> Price | None:
    if run.coins is not None:
        return Price(currency=COINS, price=run.coins)
    return None if run.price is None else Price(currency=run.currency, price=run.price)


def of_table(table: Mapping[str, Any]) -> tuple[Kind, str] | None:
    """Return kind and id of what a rule's table runs, None where that is a model."""
    for kind in WORDS:
        if isinstance(table.get(kind), str) and table[kind]:
            return ("app" if kind == "app" else "workflow"), table[kind]
    return None
