"""What a picture is: its type, its size, and whether it is all there.

The only package that imports Pillow. It takes bytes and returns values; it opens no
files, knows no jobs and decides nothing about money.
"""
