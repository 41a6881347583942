"""The policy files: read with their places, laid over one another, checked, resolved by date.

`library` is the way in; `resolve` makes the `Ruleset` that the engines run.
"""
