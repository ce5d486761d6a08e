"""From an accepted job to its published outputs."""
