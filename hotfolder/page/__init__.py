"""The page: see, review, act. A face, served by a thread of its own beside the daemon."""
