"""``python -m crmkit.cli`` is ``crmkit``."""

from crmkit.cli.main import main

raise SystemExit(main())
