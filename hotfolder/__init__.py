"""Hot folders for paid picture edits."""

__version__ = "0.1.0"
