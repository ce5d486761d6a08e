"""Following watches: from a changed folder to an accepted source."""
