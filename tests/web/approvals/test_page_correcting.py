"""A reviewer's corrected text: a new draft in their name, never two mails, never lost words, never their own approval."""

import pytest
from approvals_bench import Desk, Reviewer

from deskgate.desk import Desk as ProductDesk

pytestmark = pytest.mark.anyio

OLD, NEW = "Dear Maria, it is lost.", "Dear Maria,\n\nit is found."


async def correct(person: Reviewer, reply_id: str, **fields: str) -> object:
    await person.get(f"/approvals/{reply_id}")
    form = await person.get(f"/approvals/{reply_id}/edit")
    given = {"digest": form.value("digest"), "subject": form.value("subject"), "body": NEW, **fields}
    return await person.post(
        f"/approvals/{reply_id}/correct", {name: value.replace("\n", "\r\n") for name, value in given.items()}
    )


async def waiting(desk: Desk) -> list[tuple[str, str, str]]:
    rows = await desk.bench.desk.core.store.replies_in_state("held")
    return [(row.id, row.body, row.drafted_by) for row in rows]


async def test_a_correction_takes_the_old_replys_place_in_the_reviewers_name(desk: Desk) -> None:
    old = await desk.draft(OLD)
    ines = await desk.reviewer("ines")
    done = await correct(ines, old.id)
    assert "Your correction waits now in place of the old text." in done.text
    [(new_id, body, by)] = await waiting(desk)
    assert (body, by) == (NEW, "reviewer:ines")
    assert (await desk.bench.desk.core.store.reply(old.id)).state == "cancelled"
    assert f"/approvals/{new_id}" in (await ines.get(f"/approvals/{old.id}")).html
    assert f"/approvals/{old.id}" in (await ines.get(f"/approvals/{new_id}")).html
    assert desk.sent == []


async def test_another_reviewer_has_to_approve_a_correction(desk: Desk) -> None:
    old = await desk.draft(OLD)
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    done = await correct(ines, old.id)
    assert "another reviewer has to approve it" in done.text
    [(new_id, _, _)] = await waiting(desk)
    refused = await ines.look_and_approve(new_id)
    assert refused.status == 403
    assert desk.sent == []
    assert (
        "Difference from the earlier reply on this ticket (cancelled)"
        in (await tomasz.get(f"/approvals/{new_id}")).text
    )
    await tomasz.look_and_approve(new_id)
    assert [mail.body for mail in desk.sent] == [NEW]


async def test_whoever_wrote_the_old_text_does_not_approve_the_corrected_one(desk: Desk) -> None:
    old = await desk.draft(OLD, by="agent-7", owner="tomasz")
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    await correct(ines, old.id)
    [(new_id, _, _)] = await waiting(desk)
    assert (await tomasz.look_and_approve(new_id)).status == 403
    assert desk.sent == []


async def test_only_the_subject_can_be_corrected_too(desk: Desk) -> None:
    old = await desk.draft(OLD)
    await correct(await desk.reviewer(), old.id, subject="Your kettle", body=OLD)
    [(new_id, body, _)] = await waiting(desk)
    assert (await desk.bench.desk.core.store.reply(new_id)).subject == "Your kettle"
    assert body == OLD


@pytest.mark.parametrize(
    "fields",
    [
        {"body": OLD}, {"body": " "}, {"body": "x" * 60_001}, {"body": "a\U000e0041b"}, {"subject": ""},
        {"subject": "a\nBcc: eve@example.net"}, {"subject": "x" * 301}, {"subject": "a\u202eb"},
    ],
)  # fmt: skip
async def test_a_correction_that_cannot_be_a_mail_leaves_the_old_reply_waiting(
    desk: Desk, fields: dict[str, str]
) -> None:
    old = await desk.draft(OLD)
    refused = await correct(await desk.reviewer(), old.id, **fields)
    assert refused.status == 400
    assert [row[0] for row in await waiting(desk)] == [old.id]


async def test_words_that_were_rejected_before_do_not_come_back_as_a_correction(desk: Desk) -> None:
    ines = await desk.reviewer()
    rejected = await desk.draft(NEW)
    await ines.post(f"/approvals/{rejected.id}/reject", {"reason": "no"})
    old = await desk.draft(OLD)
    refused = await correct(ines, old.id)
    assert refused.status == 400
    assert [row[0] for row in await waiting(desk)] == [old.id]


async def test_a_mail_that_changed_since_it_was_read_is_not_replaced_unseen(desk: Desk) -> None:
    old = await desk.draft(OLD)
    ines = await desk.reviewer()
    refused = await correct(ines, old.id, digest="sha256:" + "0" * 64)
    assert "not_seen" in refused.text
    assert [row[0] for row in await waiting(desk)] == [old.id]


async def test_a_crash_between_cancelling_and_drafting_loses_no_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await desk.draft(OLD)
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")

    async def crash(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(ProductDesk, "draft", crash)
        assert (await correct(ines, old.id)).status == 500
    assert await waiting(desk) == []
    page = await ines.get(f"/approvals/{old.id}")
    assert "began to correct it and that was cut off" in page.text
    assert "Finish the correction" in page.text
    assert "Finish the correction" not in (await tomasz.get(f"/approvals/{old.id}")).text
    assert (await tomasz.post(f"/approvals/{old.id}/finish")).status == 400
    for _ in range(2):
        await ines.post(f"/approvals/{old.id}/finish")
    assert [row[1] for row in await waiting(desk)] == [NEW]


async def test_a_crash_before_cancelling_leaves_the_old_reply_and_the_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await desk.draft(OLD)
    ines = await desk.reviewer()

    async def crash(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(ProductDesk, "cancel", crash)
        assert (await correct(ines, old.id)).status == 500
    assert [row[1] for row in await waiting(desk)] == [OLD]
    assert "The corrected words are kept" in (await ines.get(f"/approvals/{old.id}")).text
    await correct(ines, old.id, body="Third words.")
    assert [row[1] for row in await waiting(desk)] == ["Third words."]


async def test_a_reply_that_was_sent_meanwhile_is_not_followed_by_its_correction(desk: Desk) -> None:
    old = await desk.draft(OLD)
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    form = await ines.get(f"/approvals/{old.id}")
    await tomasz.look_and_approve(old.id)
    fields = {"digest": form.value("digest"), "subject": "Re: x", "body": NEW}
    refused = await ines.post(f"/approvals/{old.id}/correct", fields)
    assert refused.status == 409
    assert [mail.body for mail in desk.sent] == [OLD]
    assert await waiting(desk) == []
