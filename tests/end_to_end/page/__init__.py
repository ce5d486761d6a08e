"""The page in a real browser. No test here is async: the browser has the thread's loop."""
