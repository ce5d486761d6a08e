"""Telling people when they are needed: by mail, chat or a command of their own."""
