"""Executable specs: the fixed step library, the pytest plugin, and the run for the command line.

Scenarios run without Python beside them: `payer-policy spec features`, or pytest with
`-p payer_policy.specs.plugin`.
"""
