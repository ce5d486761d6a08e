"""From a folder to an accepted job."""
