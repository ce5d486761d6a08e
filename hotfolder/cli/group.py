"""The commands for typer: the one that is called is imported, and no other."""

from __future__ import annotations

import difflib
import importlib
import shutil
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from hotfolder.cli import process
from hotfolder.cli.commands import ENTRIES, help_text


class Commands(TyperGroup):
    """The commands as the table has them; the one that is called is the real one."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  typer's
        super().__init__(**settings)
        for entries in ENTRIES.values():
            for name, entry in entries.items():
                self.add_command(TyperCommand(name, help=entry.says))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  typer's
        """Return the name of the command that is called, the command, and what follows it."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            if near:
                raise typer.BadParameter(f"there is no command {args[0]}; did you mean {near[0]}?")
        name, known, rest = super().resolve_command(ctx, args)
        command = load(name) if name and known else None
        process.loaded()
        return name, command, rest

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401  typer's
        """Return what there is, as it is told without typer, too."""
        del ctx
        return help_text(shutil.get_terminal_size().columns)


def load(name: str) -> Any:  # noqa: ANN401  a command of typer's or, formerly, click's
    """Import a command's module and return the command."""
    entry = next(entries[name] for entries in ENTRIES.values() if name in entries)
    module = importlib.import_module(f"hotfolder.cli.{entry.module}")
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(getattr(module, name))
    return typer.main.get_command(alone)
