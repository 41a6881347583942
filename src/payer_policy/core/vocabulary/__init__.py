"""What a rule may read: facts with their types, units and codes, and the operators of tests.

The lowest layer with a meaning of its own; everything above speaks in its types.
"""
