"""The users' folders as a tree of files: the only room that opens them."""
