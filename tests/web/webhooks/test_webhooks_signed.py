"""Who is believed: the signature over the raw bytes, the time where one is signed, and every secret in force."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hooks import JSON, MAIL, MULTIMAIL_SECRET, TICKET, ZENDESK_SECRET, hooks, of_multimail, of_zendesk

from deskgate.desk.clock import iso

pytestmark = pytest.mark.anyio

NOW = "2026-01-28T12:00:00Z"


async def test_a_signed_webhook_is_on_the_disk_as_it_came_before_it_is_acknowledged(database: str) -> None:
    odd = b'\x00\xff not json \n"'
    async with hooks(database) as h:
        assert await h.multimail() == 202
        assert await h.multimail(odd) == 202
        assert await h.zendesk() == 202
        first, second, third = await h.events()
        assert (first["source"], first["state"], bytes(first["body"])) == ("multimail", "new", MAIL)
        assert first["event_id"] == first["body_hash"] == hashlib.sha256(MAIL).hexdigest()
        assert first["received_at"] == iso(h.clock.now())
        assert bytes(second["body"]) == odd
        assert (third["source"], third["event_id"]) == ("zendesk", "01KINVOCATION")
        assert '"x-zendesk-webhook-id": "01KWEBHOOK"' in third["headers"]
        assert ZENDESK_SECRET not in str(third)
        assert 'signature":' not in third["headers"]
        assert h.webhooks.counts.stored == {"multimail": 2, "zendesk": 1}
        assert h.refused() == {}


async def test_both_spellings_of_multimails_signature_are_taken(tmp_path: Any) -> None:
    value = hmac.new(MULTIMAIL_SECRET.encode(), MAIL, hashlib.sha256).hexdigest()
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        for good in (value, f"sha256={value}", value.upper()):
            assert await h.post("multimail", MAIL, {**JSON, "x-multimail-signature": good}) == 202
        assert len(await h.events()) == 1


def _bad_hex() -> list[tuple[str, str]]:
    good = hmac.new(MULTIMAIL_SECRET.encode(), MAIL, hashlib.sha256).hexdigest()
    spaced = " ".join(good[at : at + 2] for at in range(0, 64, 2))
    return [
        ("unreadable_signature", one)
        for one in (
            "",
            "sha256=",
            good[:-1],
            good + "0",
            good[:-1] + "g",
            spaced,
            f"sha1={good}",
            f"SHA256={good}",
            f"sha256={good},sha256={good}",
            f"sha256=sha256={good}",
            f"sha256= {good}",
            f"{good}\u0663",
            "=" * 64,
            "x" * 10_000,
        )
    ] + [("wrong_signature", "0" * 64), ("wrong_signature", good[::-1])]


@pytest.mark.parametrize(("reason", "signature"), _bad_hex())
async def test_a_signature_of_multimail_that_is_not_exactly_one_is_refused(
    tmp_path: Any, reason: str, signature: str
) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        headers = [(b"content-type", b"application/json"), (b"x-multimail-signature", signature.encode())]
        assert await h.post("multimail", MAIL, headers) == 401
        assert h.refused() == {reason: 1}
        assert await h.events() == []


async def test_two_signatures_are_none(tmp_path: Any) -> None:
    good = of_multimail(MAIL)["x-multimail-signature"]
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        for other in (good, "0" * 64):
            headers = [*JSON.items(), ("x-multimail-signature", good), ("x-multimail-signature", other)]
            assert await h.post("multimail", MAIL, headers) == 401
        assert await h.post("multimail", MAIL, JSON) == 401
        assert h.refused() == {"unsigned": 3}


def _bad_base64() -> list[tuple[str, str]]:
    good = base64.b64encode(hmac.new(ZENDESK_SECRET.encode(), NOW.encode() + TICKET, hashlib.sha256).digest()).decode()
    last = good[-2]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same_bytes = good[:-2] + letters[letters.index(last) + 1] + "="
    assert base64.b64decode(same_bytes) == base64.b64decode(good), "the spare bits of the last letter"
    return [
        (reason, one)
        for reason, values in {
            "unreadable_signature": (
                "",
                good[:-1],
                good + "=",
                good[:10] + "!" + good[10:],
                good[:10] + "\n" + good[11:],
                good.replace(good[0], "-"),
                same_bytes,
                good + good,
            ),
            "wrong_signature": (base64.b64encode(bytes(32)).decode(),),
        }.items()
        for one in values
    ]


@pytest.mark.parametrize(("reason", "signature"), _bad_base64())
async def test_a_signature_of_zendesk_has_one_spelling(tmp_path: Any, reason: str, signature: str) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        headers = {**of_zendesk(TICKET, NOW), "x-zendesk-webhook-signature": signature}
        assert await h.post("zendesk", TICKET, {**headers}) == 401
        assert h.refused() == {reason: 1}


async def test_the_published_vector_of_the_old_order_is_refused(tmp_path: Any) -> None:
    """Zendesk's page once said body + timestamp; its vector fits that order and must not fit ours."""
    secret, body, time = "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=", b'{"say": "hello"}', "2021-07-25T10:00:00Z"
    vector = "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw="
    raw = hmac.new(secret.encode(), body + time.encode(), hashlib.sha256).digest()
    assert base64.b64encode(raw).decode() == vector, "the secret is used as the text it is"
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3", zendesk=(secret,)) as h:
        headers = {**of_zendesk(body, time, secret=secret), "x-zendesk-webhook-signature": vector}
        assert await h.post("zendesk", body, headers) == 401
        assert h.refused() == {"wrong_signature": 1}


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-28T12:00:00.000Z",
        "2026-01-28T12:00:00+00:00",
        "2026-01-28 12:00:00Z",
        "2026-01-28T12:00:00",
        "2026-01-28T12:00:00z",
        "2026-02-30T12:00:00Z",
        "2026-01-28T24:01:00Z",
        "1769601600",
        "",
        "2026-01-28T12:00:0\u0660Z",
        NOW + "{",
    ],
)
async def test_a_time_in_any_other_form_is_refused_even_when_it_was_signed(tmp_path: Any, time: str) -> None:
    signature = base64.b64encode(hmac.new(ZENDESK_SECRET.encode(), time.encode() + TICKET, hashlib.sha256).digest())
    headers = [
        (b"content-type", b"application/json"),
        (b"x-zendesk-webhook-signature", signature),
        (b"x-zendesk-webhook-signature-timestamp", time.encode()),
    ]
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        assert await h.post("zendesk", TICKET, headers) == 401
        assert h.refused() == {"unreadable_time": 1}


async def test_the_border_between_time_and_body_cannot_be_moved(tmp_path: Any) -> None:
    body = NOW[-3:].encode() + TICKET
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        headers = {**of_zendesk(TICKET, NOW), "x-zendesk-webhook-signature-timestamp": NOW[:-3]}
        assert await h.post("zendesk", body, headers) == 401
        assert await h.events() == []


@pytest.mark.parametrize(
    ("ago", "status", "reason"),
    [(300, 202, None), (301, 401, "old"), (-300, 202, None), (-301, 401, "early"), (2 * 86400, 401, "old")],
)
async def test_zendesks_time_may_be_five_minutes_off(tmp_path: Any, ago: float, status: int, reason: str) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        assert await h.zendesk(ago=ago) == status
        assert h.refused() == ({reason: 1} if reason else {})


async def test_during_a_rotation_both_secrets_count_and_afterwards_the_old_one_does_not(tmp_path: Any) -> None:
    database = f"sqlite:///{tmp_path}/d.sqlite3"
    async with hooks(database, multimail=("new", "old"), zendesk=("young", "aged")) as h:
        assert [await h.multimail(b"1", secret=one) for one in ("new", "old", "other")] == [202, 202, 401]
        assert [await h.zendesk(b"1", secret=one) for one in ("young", "aged", "old")] == [202, 202, 401]
    async with hooks(database, multimail=("new",), zendesk=("young",)) as h:
        assert [await h.multimail(b"2", secret=one) for one in ("new", "old")] == [202, 401]
        assert [await h.zendesk(b"2", secret=one) for one in ("young", "aged")] == [202, 401]


async def test_a_door_without_a_secret_answers_503_and_believes_nothing(tmp_path: Any) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3", multimail=(), zendesk=()) as h:
        assert await h.multimail(secret="") == 503
        assert await h.zendesk(secret="") == 503
        assert h.refused() == {"no_secret": 1}
        assert h.webhooks.counts.refused.total() == 2
        assert await h.events() == []


async def test_one_door_does_not_take_what_the_other_ones_sender_signed(tmp_path: Any) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        assert await h.post("zendesk", MAIL, of_multimail(MAIL)) == 401
        assert await h.post("multimail", TICKET, of_zendesk(TICKET, NOW)) == 401
