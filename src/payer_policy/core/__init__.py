"""What everything else is made of: truth, values and units, rulesets and their meaning, problems and
their places, JSON with positions. Knows no file of a policy and no request."""
