"""The tables of apps and workflows, and the rules that name one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, model_validator

from hotfolder.config.fields import LORA, ConfigPath, OptionalPath
from hotfolder.config.sections import Section
from hotfolder.domain.params import JsonScalar
from hotfolder.runninghub import catalog, run_tables, runs

LARGEST_WORKFLOW_BYTES = 8 * 1024 * 1024
FILE = f"{{{runs.FILE}}}"
RUN_PATTERN = r"^[0-9]{0,32}$"


class NodeFile(Section):
    """A constant file for a node."""

    file: ConfigPath


class NodeLora(Section):
    """A LoRA for a node, which is uploaded when it is needed."""

    lora: ConfigPath


NodeValue = JsonScalar | NodeFile | NodeLora


class App(runs.Run):
    """An AI app: what may be set in it, and how it is run."""

    access_password_file: OptionalPath = None


class Workflow(runs.Run):
    """A workflow; `workflow_file` is JSON of its own, run in place of what the site has.

    With such a file it need not list its nodes.
    """

    access_password_file: OptionalPath = None
    workflow_file: OptionalPath = None
    _text: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _has_its_file(self) -> Self:
        if self.workflow_file is not None:
            self._text = _workflow_text(self.workflow_file)
            self._require_inputs()
        return self

    def _require_inputs(self) -> None:
        whole = run_tables.workflow(self._text)
        inputs, wires = run_tables.of_workflow(whole), run_tables.wires(whole)
        for key in self.nodes:
            if key in wires:
                raise ValueError(f"{key} comes from another node (a wire) and cannot be set")
            if key not in inputs:
                raise ValueError(f"{self.workflow_file} has no input {key}")

    @property
    def text(self) -> str:
        """Its own JSON, "" where the site's is run."""
        return self._text

    @property
    def whole(self) -> Workflow:
        """The table with the nodes of its file, where it lists none itself."""
        if self.nodes or not self._text:
            return self
        found = run_tables.of_workflow(run_tables.workflow(self._text))
        whole = self.model_copy(update={"nodes": {key: node for key, (node, _) in found.items()}})
        whole._text = self._text  # noqa: SLF001  of a table that is being made
        return whole


def as_model(table: object) -> object:
    """Return a rule's table with the model, params and references that its app or workflow means.

    Raises ValueError.
    """
    if not isinstance(table, Mapping):
        return table
    found, nodes = runs.of_table(table), table.get("nodes", {})
    if found is None or not isinstance(nodes, Mapping):
        if found is None and nodes:
            raise ValueError("nodes are for a rule with app or workflow")
        return table
    kind, run_id = found
    if table.get("app") and table.get("workflow"):
        raise ValueError("has both app and workflow: take one of them away")
    name = runs.reference(kind, run_id, placing(nodes))
    if table.get("model", name) != name:
        raise ValueError(f"has both model and {kind}: take one of them away")
    given = [each["file"] for each in nodes.values() if _is_file(each)]
    literals = {
        key: value
        for key, value in nodes.items()
        if _is_lora(value) or (not isinstance(value, Mapping) and runs.word(value) is None)
    }
    params = table.get("params", {})
    return {
        **table,
        "model": name,
        "params": {**literals, **params} if isinstance(params, Mapping) else params,
        "references": given or table.get("references", []),
    }


def as_step(table: object) -> object:
    """Return the table of a chain's job with the model, params and media that its run means.

    Raises ValueError.
    """
    made = as_model(table)
    if made is table or not isinstance(made, Mapping):
        return table
    nodes: Mapping[str, Any] = made.get("nodes", {})
    files = {key: _path_of(value) for key, value in nodes.items() if _is_file(value)}
    media = made.get("media", {})
    rest = {key: value for key, value in made.items() if key != "references"}
    return {**rest, "media": {**files, **media} if isinstance(media, Mapping) else media}


def placing(nodes: Mapping[str, object]) -> dict[str, object]:
    """Return what a rule puts where: the words, and where a constant file goes."""
    words = {key: value for key, value in nodes.items() if runs.word(value) is not None}
    return words | {key: FILE for key, value in nodes.items() if _is_file(value)}


def tables(apps: Sequence[App], workflows: Sequence[Workflow]) -> dict[tuple[str, str], runs.Run]:
    """Return the tables of all apps and workflows by kind and id; the later of an id counts."""
    found: dict[tuple[str, str], runs.Run] = {("app", each.id): each for each in apps}
    return found | {("workflow", each.id): each.whole for each in workflows}


def models(
    rules: Sequence[Mapping[str, Any]], known: Mapping[tuple[str, str], runs.Run]
) -> Iterator[catalog.Model]:
    """Yield the models that rules mean by apps and workflows, and each of these by itself."""
    wanted: list[tuple[tuple[str, str], dict[str, object]]] = [(key, {}) for key in known]
    for rule in rules:
        found = runs.of_table(rule)
        if found is not None and found in known:
            wanted.append((found, placing(rule["nodes"])))
    for key, nodes in wanted:
        table = known[key]
        text = table.text if isinstance(table, Workflow) else ""
        yield runs.model("app" if key[0] == "app" else "workflow", table, nodes, text)


def _is_file(value: object) -> bool:
    return isinstance(value, NodeFile) or (isinstance(value, Mapping) and "file" in value)


def _is_lora(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {LORA}


def _path_of(value: object) -> object:
    return value.file if isinstance(value, NodeFile) else value["file"]  # type: ignore[index]


def _workflow_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"workflow_file {path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_WORKFLOW_BYTES:
        raise ValueError(f"workflow_file {path} is larger than 8 MB")
    try:
        text = content.decode("utf-8-sig")
        run_tables.workflow(text)
    except (UnicodeDecodeError, run_tables.NoWorkflow) as error:
        raise ValueError(f"workflow_file {path}: {error}") from error
    return text
