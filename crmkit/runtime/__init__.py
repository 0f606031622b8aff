"""Applies plans: every effect exactly once, journalled, resumable and undoable."""
