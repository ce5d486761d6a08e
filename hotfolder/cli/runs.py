"""The commands that ask for an app or a workflow, and write its table with a rule to copy."""

from __future__ import annotations

import json as json_
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hotfolder import config
from hotfolder.cli import online, render
from hotfolder.cli.configured import valid_config
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.runninghub import older
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.older import Runnable
from hotfolder.runninghub.runs import Kind, Node, Run, placed, word

LONGEST_COMMENT = 60
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its number, or its web address.")]
WriteOption = Annotated[
    Path | None,
    typer.Option("--write", metavar="FILE", help="Append both to this config, or write a new one."),
]


def app(
    run_id: IdArgument,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the service what an AI app lets be set, and print its table with a rule to copy.

    Where the config has a table of it already, what has changed since is told.

    Example: hotfolder app 1877265245566922753 --write hotfolder.toml
    """
    _show("app", run_id, config_file, log_level, write, json=json)


def workflow(
    run_id: IdArgument,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the service for a ComfyUI workflow, and print its table with a rule to copy.

    It must have run once on the site. Inputs that come from other nodes are left out.

    Example: hotfolder workflow 1904136902449209346
    """
    _show("workflow", run_id, config_file, log_level, write, json=json)


def _show(
    kind: Kind,
    run_id: str,
    config_file: ConfigOption,
    log_level: LogLevelOption,
    write: Path | None,
    *,
    json: bool,
) -> None:
    set_up_plain_log(log_level)
    number = run_id.rstrip("/").rpartition("/")[2].partition("?")[0]
    if not (number.isascii() and number.isdecimal()):
        raise OperatorError(
            f"{run_id} is no number of an {kind}: it stands at the end of its page's address"
        )
    wanted = valid_config(config_file)

    async def ask(client: Client) -> Runnable:
        return await (older.app if kind == "app" else older.workflow)(client, number)

    told = online.asked(wanted, ask)
    for line in changes(wanted.run_of(kind, number), told):
        render.console().print(Text(line))
    text = table(kind, number, told) + "\n" + rule(kind, number, told)
    if write is not None:
        _write(write, text)
        render.console().print(
            render.name(f"written: {write}; look it over, then run hotfolder check")
        )
    elif json:
        render.print_json(_json(kind, number, told))
    else:
        render.console().print(Text(text), soft_wrap=True)


def changes(known: Run | None, told: Runnable) -> Iterator[str]:
    """Yield how the nodes differ from those of a table that was written before."""
    if known is None:
        return
    for key in known.nodes.keys() - told.nodes.keys():
        yield f"changed: node {key} of the config's table is gone; a run would be refused"
    for key, (node, _) in told.nodes.items():
        was = known.nodes.get(key)
        if was is not None and (was.type, set(was.options)) != (node.type, set(node.options)):
            was_so = f"{was.type} {list(was.options) or ''}".strip()
            yield f"changed: node {key} was {was_so} in the config's table"


def table(kind: Kind, run_id: str, told: Runnable) -> str:
    """Return the table of an app or a workflow, the author's values as comments."""
    lines = [f"[[{kind}]]", f"id = {_quoted(run_id)}"]
    if told.name:
        lines.append(f"name = {_quoted(told.name)}")
    if told.asks_password:
        lines.append('# access_password_file = "password"   # its author gave it one; chmod 600')
    lines += ["# coins = 0   # what a run is expected to cost; or price = 0.0", f"[{kind}.nodes]"]
    return "\n".join([*lines, *(_line(key, *each) for key, each in told.nodes.items())]) + "\n"


def rule(kind: Kind, run_id: str, told: Runnable) -> str:
    """Return a rule that names an app or a workflow, with what has to be said of its nodes."""
    run = Run(id=run_id, nodes={key: node for key, (node, _) in told.nodes.items()})
    given = placed(run, {})
    nodes = dict(_suggested(run, given))
    words = {word(value) for value in (*given.values(), *nodes.values())}
    lines = ["[[watch.rule]]", f"{kind} = {_quoted(run_id)}"]
    if "prompt" in words:
        lines.append('prompt = "…"   # or a text file beside each file')
    said = ", ".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in nodes.items())
    if said:
        lines.append(f"nodes = {{ {said} }}")
    return "\n".join(lines) + "\n"


def _suggested(run: Run, given: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what goes where, of nodes of which nobody but the owner can tell for sure."""
    media = [key for key, node in run.nodes.items() if node.is_media and key not in given]
    texts = [key for key, node in run.nodes.items() if node.type == "STRING" and key not in given]
    spoken = [key for key in texts if key.rpartition(".")[2] in ("text", "prompt")]
    yield from ((key, "{source}") for key in media[:1])
    yield from ((key, "{prompt}") for key in spoken[:1])
    seeds = (key for key, node in run.nodes.items() if node.type == "INT" and key.endswith("seed"))
    yield from ((key, "random") for key in seeds)


def _line(key: str, node: Node, value: str) -> str:
    facts = [f"type = {_quoted(node.type)}"]
    if node.label:
        facts.append(f"label = {_quoted(node.label)}")
    if node.options:
        facts.append(f"options = {json_.dumps(list(node.options), ensure_ascii=False)}")
    facts += [
        f"{name} = {limit}"
        for name, limit in (("min", node.min), ("max", node.max))
        if limit is not None
    ]
    shown = " ".join(value.split())
    comment = f"   # {_plain(shown[:LONGEST_COMMENT])}" if shown else ""
    return f"{_quoted(key)} = {{ {', '.join(facts)} }}{comment}"


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json_.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _json(kind: Kind, run_id: str, told: Runnable) -> dict[str, Any]:
    nodes = [
        {"node": key, **node.model_dump(mode="json", exclude={"value", "role"}), "value": value}
        for key, (node, value) in told.nodes.items()
    ]
    return {"kind": kind, "id": run_id, "name": told.name, "nodes": nodes}


def _write(path: Path, text: str) -> None:
    """Append to a config, if it is one after that; or write a new one. Raises OperatorError."""
    try:
        before = path.read_text("utf-8") if path.exists() else NEW
        whole = before.rstrip("\n") + "\n\n" + text
        trial = path.with_name(f".{path.name}.trial")
        trial.write_text(whole, "utf-8")
        try:
            found = config.read(trial, {})
            if found.config is None or found.problems:
                raise OperatorError(f"{path} was left as it is: {found.problems[0]}")
            if before is NEW:
                for each in found.config.watch:
                    each.input.mkdir(exist_ok=True)
                    each.output.mkdir(exist_ok=True)
            trial.replace(path)
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}") from error


NEW = """\
state_dir = "state"

[api]
# key_file = "key"   # chmod 600; or the environment's RH_API_KEY

[[watch]]
name = "pictures"
input = "in"
output = "out"
"""
