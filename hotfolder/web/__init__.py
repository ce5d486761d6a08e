"""What the daemon shows and hears over HTTP."""
