"""`python -m payer_policy` is the `payer-policy` command."""

from payer_policy.cli import main

main()
