"""The engine: debounce, timers, schedules, one batch at a time per portal and recipe, at least once."""
