"""Zendesk: everything that names one of its paths or fields."""

from deskgate.desk.zendesk.client import Zendesk
from deskgate.desk.zendesk.credentials import ClientCredentials, api_token_credential, bearer_credential
from deskgate.desk.zendesk.models import (
    Attachment,
    Audit,
    AuditEvent,
    Comment,
    CommentPage,
    Note,
    Ticket,
    TicketPage,
    User,
)
from deskgate.desk.zendesk.search import TicketSearch

__all__ = [
    "Attachment",
    "Audit",
    "AuditEvent",
    "ClientCredentials",
    "Comment",
    "CommentPage",
    "Note",
    "Ticket",
    "TicketPage",
    "TicketSearch",
    "User",
    "Zendesk",
    "api_token_credential",
    "bearer_credential",
]
