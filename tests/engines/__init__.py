"""The laws of the journal on both its engines: a file, and a server of PostgreSQL."""
