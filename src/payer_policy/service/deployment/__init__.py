"""What a service decides by, and how it changes while the service runs; knows nothing of HTTP.

`Deployment.current` is one immutable value, swapped whole and only for policies that pass. Whoever
took it before a swap goes on with it; whatever does not pass leaves the old one in force, and says so.
"""

from payer_policy.service.deployment.model import Deployed, Event
from payer_policy.service.deployment.watching import Deployment

__all__ = ["Deployed", "Deployment", "Event"]
