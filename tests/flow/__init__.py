"""Intake and pipeline with the real owners against the simulator."""
