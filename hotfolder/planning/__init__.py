"""From a settled file to a plan: rules, sidecars, prompts, and what speaks against it."""
