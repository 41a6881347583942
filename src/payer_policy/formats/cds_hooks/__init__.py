"""CDS Hooks for coverage-requirements discovery (Da Vinci CRD): what coverage asks of an order.

`read_hook` gives each order as an `Intake`; the caller decides them; `response` answers.
"""

from payer_policy.formats.cds_hooks.answering import response
from payer_policy.formats.cds_hooks.coverage_information import coverage_information
from payer_policy.formats.cds_hooks.discovery import SERVICES, discovery
from payer_policy.formats.cds_hooks.model import Feedback
from payer_policy.formats.cds_hooks.orders import Order
from payer_policy.formats.cds_hooks.reading import Hook, read_feedback, read_hook

__all__ = [
    "SERVICES",
    "Feedback",
    "Hook",
    "Order",
    "coverage_information",
    "discovery",
    "read_feedback",
    "read_hook",
    "response",
]
