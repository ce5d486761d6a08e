"""TOML text -> a frozen Config, or every problem at once with its place.

Only the text is judged here: folders, the key and the models are looked at by `preflight`. What
judges is imported when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hotfolder.config.chain_links import Link, links, whole
    from hotfolder.config.config import NEEDS_RESTART, Config, restored, written
    from hotfolder.config.fields import (
        OutputTemplate,
        OwnModel,
        Parameter,
        listen_place,
        lora_file,
        value_file,
    )
    from hotfolder.config.problems import (
        ConfigError,
        Problem,
        key_path,
        line_of,
        meant,
        plain_message,
    )
    from hotfolder.config.reading import Reading, read
    from hotfolder.config.recipes import with_recipe
    from hotfolder.config.runs import App, Workflow, as_model, placing
    from hotfolder.config.sections import Api, Backup, Limits, Monitor, Notify, Web
    from hotfolder.config.seen import Followed, Glance, Known, glance
    from hotfolder.config.text import CONFIG_NAME, find, resolved, state_dir, stated
    from hotfolder.config.watch import ANYTHING, Rule, Then, Watch, When

__all__ = [
    "ANYTHING",
    "CONFIG_NAME",
    "NEEDS_RESTART",
    "Api",
    "App",
    "Backup",
    "Config",
    "ConfigError",
    "Followed",
    "Glance",
    "Known",
    "Limits",
    "Link",
    "Monitor",
    "Notify",
    "OutputTemplate",
    "OwnModel",
    "Parameter",
    "Problem",
    "Reading",
    "Rule",
    "Then",
    "Watch",
    "Web",
    "When",
    "Workflow",
    "as_model",
    "find",
    "glance",
    "key_path",
    "line_of",
    "links",
    "listen_place",
    "lora_file",
    "meant",
    "placing",
    "plain_message",
    "read",
    "resolved",
    "restored",
    "state_dir",
    "stated",
    "value_file",
    "whole",
    "with_recipe",
    "written",
]

# Where each name is, in modules that have no such name themselves.
_NAMES: Final = {
    "chain_links": ("Link", "links", "whole"),
    "config": ("NEEDS_RESTART", "Config", "restored", "written"),
    "fields": (
        *("OutputTemplate", "OwnModel", "Parameter"),
        *("listen_place", "lora_file", "value_file"),
    ),
    "problems": ("ConfigError", "Problem", "key_path", "line_of", "meant", "plain_message"),
    "reading": ("Reading", "read"),
    "recipes": ("with_recipe",),
    "runs": ("App", "Workflow", "as_model", "placing"),
    "sections": ("Api", "Backup", "Limits", "Monitor", "Notify", "Web"),
    "seen": ("Followed", "Glance", "Known", "glance"),
    "text": ("CONFIG_NAME", "find", "resolved", "state_dir", "stated"),
    "watch": ("ANYTHING", "Rule", "Then", "Watch", "When"),
}
_MODULES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401  whatever is asked for
    """Import the module of a name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
