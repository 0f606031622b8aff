"""Reports: tables in the reader's language, as CSV, XLSX, HTML or a pandas DataFrame."""

from crmkit.automation.table import Column, Table
from crmkit.reports.export import FORMATS, to_csv, to_dataframe, to_xlsx, write
from crmkit.reports.page import to_html

__all__ = ["FORMATS", "Column", "Table", "to_csv", "to_dataframe", "to_html", "to_xlsx", "write"]
