"""Files that people fill in: templates, rows that are read and checked, mistakes to be corrected."""

from crmkit.automation.rows.columns import Column, Kind
from crmkit.automation.rows.reading import Problem, Row, Rows, read
from crmkit.automation.rows.writing import write_problems, write_template

__all__ = ["Column", "Kind", "Problem", "Row", "Rows", "read", "write_problems", "write_template"]
