"""The remote service: its wire format, its catalog and the one HTTP client."""
