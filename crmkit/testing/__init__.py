"""What a test of an adapter, a recipe or an installation needs: fixtures, shared suites, the sandbox's clock.

The modules are imported one by one: ``crmkit.testing.clock`` needs no pytest, the others do.
"""
