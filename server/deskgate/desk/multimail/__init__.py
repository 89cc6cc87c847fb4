"""MultiMail behind one interface: `Outbox` holds the sending key, `Oversight` the deciding key.

Two wire forms answer to the same names (`v1`, `short`; see `connect`). Every path and field name of MultiMail lives in
this package and nowhere else.
"""

from deskgate.desk.multimail.connecting import connect
from deskgate.desk.multimail.mail import Accepted, Decided, Draft, Gate, Mail, MailPage, Stage
from deskgate.desk.multimail.outbox import Outbox
from deskgate.desk.multimail.oversight import Oversight

__all__ = [
    "Accepted",
    "Decided",
    "Draft",
    "Gate",
    "Mail",
    "MailPage",
    "Outbox",
    "Oversight",
    "Stage",
    "connect",
]
