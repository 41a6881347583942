"""Writing policies: files that begin a payer, a drug, a policy, an example or a scenario."""
