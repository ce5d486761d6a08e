"""The journal: the only durable truth, and the only SQL."""
