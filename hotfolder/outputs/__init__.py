"""What happens to results: their names, the local spool, and the users' folders.

Knows files and folders only: no jobs, no network, no pictures.
"""
