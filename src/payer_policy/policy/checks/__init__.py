"""What must be true across the rules and files of a folder, beyond the shape of each one.

One module a question. Every check reports a problem at the place where the author would mend it.
`payer-policy check` and `open_library` run the same checks.
"""

from payer_policy.policy.checks.overlays import sound_overlays
from payer_policy.policy.checks.policies import Checked, Surroundings, check_policy
from payer_policy.policy.checks.reference import check_payers, check_reference
from payer_policy.policy.checks.sources import check_attribute_names, check_sources
from payer_policy.policy.checks.together import check_together

__all__ = [
    "Checked",
    "Surroundings",
    "check_attribute_names",
    "check_payers",
    "check_policy",
    "check_reference",
    "check_sources",
    "check_together",
    "sound_overlays",
]
