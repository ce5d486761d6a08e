"""What a picture is: its type, its size, and whether it is all there.

The only package that imports Pillow. It takes bytes and returns values; it opens no
files, knows no jobs and decides nothing about money.
"""

from PIL import Image, PngImagePlugin

# Pillow's own guard only warns up to twice its limit, and a warning is nobody's verdict.
# This package compares the size in the header with its caller's limit before it decodes.
# Set once, here, because changing it around each call would race between threads.
Image.MAX_IMAGE_PIXELS = None

# Pillow refuses a whole PNG for one compressed text above 1 MiB. Image generators store
# their work flows there; a paid result must not count as broken because of its notes.
PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024 * 1024
