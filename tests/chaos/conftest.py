"""What is beside the tests and none of them."""

collect_ignore = ["engine_storm.py"]  # a program that takes minutes, run by hand
