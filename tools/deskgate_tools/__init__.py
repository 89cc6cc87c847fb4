"""The tools, one file each, in the order of the story.

Find, read, draft, see what waits, decide, take back, follow, hear the answer, note, and read what was recorded of it.
"""

from collections.abc import Callable
from typing import Any

from deskgate_tools import (
    cancel_reply,
    check_inbox,
    decide_reply,
    draft_gated_reply,
    list_zendesk_pending,
    note_zendesk_ticket,
    read_audit_trail,
    read_zendesk_ticket,
    search_zendesk_tickets,
    track_reply,
)
from deskgate_tools._call import Facts

TOOLS: tuple[tuple[Callable[..., Any], Facts], ...] = (
    (search_zendesk_tickets.search_zendesk_tickets, search_zendesk_tickets.FACTS),
    (read_zendesk_ticket.read_zendesk_ticket, read_zendesk_ticket.FACTS),
    (draft_gated_reply.draft_gated_reply, draft_gated_reply.FACTS),
    (list_zendesk_pending.list_zendesk_pending, list_zendesk_pending.FACTS),
    (decide_reply.decide_reply, decide_reply.FACTS),
    (cancel_reply.cancel_reply, cancel_reply.FACTS),
    (track_reply.track_reply, track_reply.FACTS),
    (check_inbox.check_inbox, check_inbox.FACTS),
    (note_zendesk_ticket.note_zendesk_ticket, note_zendesk_ticket.FACTS),
    (read_audit_trail.read_audit_trail, read_audit_trail.FACTS),
)
