"""What the tests of webhooks do again and again: carry what is due, and check a signature the way a receiver would."""

import base64
import hashlib
import hmac
import json
from typing import Any

from deskgate.sandbox import constants
from deskgate.sandbox.outbox import Delivery
from deskgate.sandbox.world import World

SECRETS = {"multimail": constants.MULTIMAIL_WEBHOOK_SECRET, "zendesk": constants.ZENDESK_WEBHOOK_SECRET}


def carry(world: World, status: int | None = 202) -> list[Delivery]:
    """Everything that is due, and the same answer for each."""
    due = world.due_deliveries()
    for delivery in due:
        world.delivered(delivery.id, status)
    return due


def names(deliveries: list[Delivery]) -> list[str]:
    return [one.event_type for one in deliveries]


def body(delivery: Delivery) -> dict[str, Any]:
    told = json.loads(delivery.body)
    assert isinstance(told, dict)
    return told


def multimail_signature(delivery: Delivery, secret: str = SECRETS["multimail"]) -> str:
    return hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()


def zendesk_signature(delivery: Delivery, secret: str = SECRETS["zendesk"]) -> str:
    signed = delivery.headers["x-zendesk-webhook-signature-timestamp"].encode() + delivery.body
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
