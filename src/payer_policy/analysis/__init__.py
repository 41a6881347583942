"""Questions about a policy rather than about a claim: one file a question."""
