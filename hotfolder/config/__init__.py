"""TOML text -> a frozen Config, or every problem at once with its place.

Only the text is judged here: folders, the key and the models are looked at by `preflight`.
"""

from hotfolder.config.config import NEEDS_RESTART, Config, restored, written
from hotfolder.config.fields import OutputTemplate, OwnModel, Parameter, listen_place, resolved
from hotfolder.config.problems import ConfigError, Problem, key_path, line_of, meant, plain_message
from hotfolder.config.reading import CONFIG_NAME, Reading, find, read, state_dir
from hotfolder.config.sections import Api, Backup, Limits, Monitor, Notify, Web
from hotfolder.config.watch import ANYTHING, Rule, Watch, When

__all__ = [
    "ANYTHING",
    "CONFIG_NAME",
    "NEEDS_RESTART",
    "Api",
    "Backup",
    "Config",
    "ConfigError",
    "Limits",
    "Monitor",
    "Notify",
    "OutputTemplate",
    "OwnModel",
    "Parameter",
    "Problem",
    "Reading",
    "Rule",
    "Watch",
    "Web",
    "When",
    "find",
    "key_path",
    "line_of",
    "listen_place",
    "meant",
    "plain_message",
    "read",
    "resolved",
    "restored",
    "state_dir",
    "written",
]
