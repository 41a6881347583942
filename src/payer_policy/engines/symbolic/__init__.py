"""Policies as formulas: facts are (known, value) pairs of solver terms, rules are two halves each.

What is proved of these formulas is proved for every request there can be. Needs z3-solver (extra
`analysis`). Facts first (`terms`), then what rules compute from them (`arithmetic`), the formulas
of a ruleset (`formulas`), and the search for facts that make something true (`search`).
"""
