"""Conditions for the list of all comments (``POST /comment/list``)."""

from __future__ import annotations

from crmkit.planfix.filters.terms import DateTerm, PersonTerm

written = DateTerm(3000)
author = PersonTerm(3001)
