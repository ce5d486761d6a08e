"""The owners of I/O with the real thing."""
