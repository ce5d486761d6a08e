"""The pure laws."""
