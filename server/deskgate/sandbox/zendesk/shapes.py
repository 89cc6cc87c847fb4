"""Zendesk's objects with every field that a real answer carries. Source: recorded traffic of 2023 to 2025."""

import re
from typing import Any
from urllib.parse import quote

from deskgate.sandbox.exchange import Json
from deskgate.sandbox.mime import html_of

SITE = "https://deskgate-sandbox.zendesk.example.com"
FILES = "https://files.zdusercontent.example.net"
"""Attachments live on another host, and their address holds a token that opens them: neither is for a model."""

GROUP_ID, BRAND_ID, FORM_ID, ORGANIZATION_ID = 33144692246001, 33144692247001, 33144692248001, 33144692249001
UNKNOWN = {"sandbox_extra": {"why": "Zendesk adds attributes without notice; clients ignore what they do not know"}}
STATUS_IDS = {"new": 1, "open": 2, "pending": 3, "hold": 4, "solved": 5, "closed": 5}


def user(user_id: int, name: str, email: str | None, at: str, **more: Any) -> Json:
    """A user; `more` overrides any field."""
    document: Json = {
        "id": user_id, "url": f"{SITE}/api/v2/users/{user_id}.json", "name": name, "email": email, "created_at": at,
        "updated_at": at, "time_zone": "Europe/London", "iana_time_zone": "Europe/London", "phone": None,
        "shared_phone_number": None, "photo": None, "locale_id": 1, "locale": "en-US", "organization_id": None,
        "role": "end-user", "verified": True, "external_id": None, "tags": [], "alias": None, "active": True,
        "shared": False, "shared_agent": False, "last_login_at": None, "two_factor_auth_enabled": None,
        "signature": None, "details": None, "notes": None, "role_type": None, "custom_role_id": None,
        "moderator": False, "ticket_restriction": "requested", "only_private_comments": False,
        "restricted_agent": True, "suspended": False, "default_group_id": None, "report_csv": False,
        "user_fields": {}, **UNKNOWN,
    }  # fmt: skip
    return {**document, **more}


def ticket(ticket_id: int, subject: str, requester_id: int, at: str, **more: Any) -> Json:
    """A ticket; `more` overrides any field. Priority, type and satisfaction are null unless given, as in real life."""
    status = more.get("status", "open")
    document: Json = {
        "url": f"{SITE}/api/v2/tickets/{ticket_id}.json", "id": ticket_id, "external_id": None, "via": via("web"),
        "created_at": at, "updated_at": at, "generated_timestamp": 0, "type": None, "subject": subject,
        "raw_subject": subject, "description": "", "priority": None, "status": status, "recipient": None,
        "requester_id": requester_id, "submitter_id": requester_id, "assignee_id": None, "organization_id": None,
        "group_id": GROUP_ID, "collaborator_ids": [], "follower_ids": [], "email_cc_ids": [], "forum_topic_id": None,
        "problem_id": None, "has_incidents": False, "is_public": True, "due_at": None, "tags": [],
        "custom_fields": [{"id": 33144692245001, "value": None}], "satisfaction_rating": None,
        "sharing_agreement_ids": [], "custom_status_id": 33144692245100 + STATUS_IDS[status],
        "fields": [{"id": 33144692245001, "value": None}], "followup_ids": [], "ticket_form_id": FORM_ID,
        "brand_id": BRAND_ID, "allow_channelback": False, "allow_attachments": True,
        "from_messaging_channel": False, "encoded_id": f"SBX{ticket_id:03d}-0DGZ", **UNKNOWN,
    }  # fmt: skip
    return {**document, **more}


def comment(comment_id: int, audit_id: int, author_id: int, body: str, at: str, *, public: bool, **more: Any) -> Json:
    """A comment. `metadata.system` names the writer's address and place, as the real one does."""
    document: Json = {
        "id": comment_id, "type": "Comment", "author_id": author_id, "body": body, "html_body": comment_html(body),
        "plain_body": re.sub(r"\n{2,}", " \n\n ", body), "public": public, "attachments": [], "audit_id": audit_id,
        "via": via("web"), "created_at": at, "metadata": metadata({}), **UNKNOWN,
    }  # fmt: skip
    return {**document, **more}


def attachment(attachment_id: int, name: str, content_type: str, size: int) -> Json:
    """An attachment on a foreign host, with the token in its address."""
    url = f"{FILES}/attachments/token/sAnDb0xT0k3nTh4tOp3nsTh3F1le/?name={quote(name)}"
    return {
        "url": f"{SITE}/api/v2/attachments/{attachment_id}.json", "id": attachment_id, "file_name": name,
        "content_url": url, "mapped_content_url": url, "content_type": content_type, "size": size, "width": 1200,
        "height": 900, "inline": False, "deleted": False, "malware_access_override": False,
        "malware_scan_result": "not_scanned", "thumbnails": [],
    }  # fmt: skip


def audit(
    audit_id: int, ticket_id: int, author_id: int, at: str, events: list[Json], custom: Json, channel: str = "api"
) -> Json:
    """An audit: everything that one update did, and how it came in."""
    return {
        "id": audit_id, "ticket_id": ticket_id, "created_at": at, "author_id": author_id,
        "metadata": metadata(custom), "events": events, "via": via(channel),
    }  # fmt: skip


def metadata(custom: Json) -> Json:
    """What Zendesk records about the sender, and what the sender gave along. The address is one of RFC 5737."""
    system = {
        "client": "Mozilla/5.0 (X11; Linux x86_64)", "ip_address": "203.0.113.77", "location": "Lisbon, 11, Portugal",
        "latitude": 38.7057, "longitude": -9.1359,
    }  # fmt: skip
    return {"system": system, "custom": custom}


def via(channel: str, **source: Any) -> Json:
    """How something came in."""
    return {"channel": channel, "source": {"from": {}, "to": {}, "rel": None, **source}}


def comment_html(body: str) -> str:
    """A comment's text as Zendesk shows it."""
    inner = html_of(body).partition("<body>")[2].partition("</body>")[0].strip()
    return f'<div class="zd-comment" dir="auto">{inner}</div>'
