"""Metadata in files of pictures: read, kept and spliced in without touching the pixels."""
