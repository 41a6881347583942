"""Executable specs: the fixed step library, the runner, and the pytest plugin.

Scenarios run without Python beside them: `payer-policy spec features`, or, with the extra `pytest`,
`pytest -p payer_policy.specs.plugin features`.
"""
