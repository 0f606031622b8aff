"""Every documented method as ``b24.api.<path>(...)``: a data file, a few lines and a generated stub."""
