"""The recipes that come with crmkit: a module or package each."""
