"""The words and the laws: jobs, states, errors, retry. No files, clock, network or asyncio."""
