"""The policies in force, and how they change while a program runs; independent of HTTP.

`Deployment.current` is one immutable value, replaced as a whole and only by policies that pass. A caller
that took it before a swap keeps using it; policies that do not pass leave the old ones in force, and the
reason is reported.
"""

from payer_policy.service.deployment.model import Deployed, Event
from payer_policy.service.deployment.watching import Deployment

__all__ = ["Deployed", "Deployment", "Event"]
