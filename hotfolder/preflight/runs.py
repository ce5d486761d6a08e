"""What is wrong with rules that name an app or a workflow, and with their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hotfolder import config, key
from hotfolder.config import Problem, Reading
from hotfolder.preflight import stated
from hotfolder.runninghub import runs as tables


def as_model(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a rule's table with what its app or workflow means; as it is where that is wrong."""
    try:
        found = config.as_model(table)
    except ValueError:  # which reading the config tells
        return table
    return found if isinstance(found, Mapping) else table


def key_of(table: Mapping[str, Any]) -> str:
    """Return the key by which a rule says what makes its results."""
    found = tables.of_table(table)
    return "model" if found is None else found[0]


def where(table: Mapping[str, Any], place: tuple[str, ...]) -> tuple[str, ...]:
    """Return where something is wrong in a rule as it was written."""
    nodes = table.get("nodes", {})
    is_node = len(place) > 1 and isinstance(nodes, Mapping) and place[-1] in nodes
    return ("nodes", place[-1]) if is_node else place


def problems(reading: Reading, place: stated.Place, table: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with what a rule puts into the nodes of an app or a workflow."""
    found, nodes = tables.of_table(table), table.get("nodes", {})
    if found is None or reading.config is None or not isinstance(nodes, Mapping):
        return
    run = reading.config.run_of(*found)
    if run is None:
        return
    for node, message in tables.problems(run, config.placing(nodes) | _literals(nodes)):
        yield stated.problem(reading, (*place, "nodes", *([node] if node else [])), message)
    if run.access_password_file is not None:
        try:
            key.password(run.access_password_file)
        except key.KeyProblem as error:
            yield stated.problem(reading, (found[0],), f"access_password_file: {error}")


def _literals(nodes: Mapping[str, object]) -> dict[str, object]:
    return {each: value for each, value in nodes.items() if not isinstance(value, Mapping)}
