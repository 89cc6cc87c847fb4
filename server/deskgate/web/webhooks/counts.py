"""What the webhook doors did, for metrics to read. The sender is never told why it was refused."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from deskgate.desk.inbox.accept import Source

Reason = Literal[
    "method",  # anything but POST
    "no_secret",  # this door has no secret, so nothing can be believed here
    "content_type",  # not JSON in UTF-8, or compressed
    "too_large",
    "slow",  # the body did not come in time
    "left",  # the sender hung up before the end; nobody is there to answer
    "unsigned",  # no signature, or no time where one is signed, or more than one of them
    "unreadable_signature",
    "wrong_signature",
    "unreadable_time",
    "old",  # signed too long ago
    "early",  # signed too far in the future
    "busy",  # too much is on its way in
    "store",  # the database refused
]


@dataclass
class Counts:
    """How many requests were stored (repeats included) and how many refused, since the process began."""

    stored: Counter[Source] = field(default_factory=Counter)
    refused: Counter[tuple[Source, Reason]] = field(default_factory=Counter)
