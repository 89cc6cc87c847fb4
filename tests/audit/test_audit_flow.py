"""Whatever happens is on record, in the transaction of the state that it tells of."""

import json
from pathlib import Path

import pytest
from agreement import agree, records_of
from audit_day import ANSWER, REASON, SECOND, approved, day, events

from bench import Person, bench
from deskgate.desk.audit.said import fingerprint
from deskgate.desk.errors import Suppressed
from deskgate.web.approvals.reviewers import Reviewers
from story.dying import BODY, NOTE, TICKET

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

MARIA = "maria.lindqvist@example.com"


STORY = """
draft.create begun, email.pending done, email.show shown, question.ask asked, question.answer yes, email.decide begun,
email.send done, email.delivered done, note.write begun, note.write posted, draft.create begun, email.pending done,
email.cancel begun, email.cancel done, ticket.write intended, ticket.write tried, ticket.write done,
email.received done, ticket.write intended, ticket.write tried, ticket.write done,
email.received done, ticket.write intended, suppress.add done, ticket.write tried, ticket.write done
"""


async def test_the_whole_story_is_on_record_in_its_order_and_agrees_with_every_table(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await day(one)
        told = events(await agree(one.desk.core.store))
        listed = [entry for entry in told if entry != "email.pending done"]
        expected = [part.strip() for part in STORY.replace("\n", " ").split(",")]
        assert sorted(listed) == sorted(entry for entry in expected if entry != "email.pending done")
        assert told[:2] == expected[:2]
        assert [entry for entry in listed if entry.startswith("email.")] == [
            entry for entry in expected if entry.startswith("email.") and entry != "email.pending done"
        ]


async def test_no_line_holds_a_name_an_address_or_a_word_of_a_customer_and_the_texts_stand_beside_it(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        await day(one)
        with pytest.raises(Suppressed):
            await one.desk.draft(TICKET, "One more thing.")
        store = one.desk.core.store
        lines = b"\n".join(bytes(row["line"]) for row in await store.rows("SELECT line FROM audit_records"))
        told = lines.decode().casefold()
        words = {word for text in (BODY, SECOND, ANSWER, NOTE) for word in text.casefold().split() if len(word) > 4}
        words = (words | {"maria", "lindqvist", "@", "kettle", "called"}) - {"customer"}  # which is in a tag of ours
        assert not {word for word in words if word in told}
        beside = "\n".join(row["text"] for row in await store.rows("SELECT text FROM audit_personal"))
        for text in (MARIA, BODY, SECOND, ANSWER, NOTE, REASON):
            assert json.dumps(text, ensure_ascii=False)[1:-1] in beside
        persons = await store.rows("SELECT DISTINCT person FROM audit_personal WHERE person IS NOT NULL")
        assert [row["person"] for row in persons] == [MARIA]


async def test_a_decision_names_what_it_rests_on_and_the_key_that_let_the_mail_out(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        drafted = await one.desk.draft(TICKET, BODY)
        one.clock.advance(5)
        await approved(one.desk, drafted.message_id or "")
        records = await agree(one.desk.core.store)
        by_event = {record["ev"]: record for record in records}
        decided, sent = by_event["email.decide"], by_event["email.send"]
        assert decided["dec"]["draft"] == by_event["draft.create"]["seq"]
        assert decided["dec"]["answers"] == [by_event["question.answer"]["seq"]]
        assert decided["dec"]["digest"] == by_event["email.show"]["dec"]["digest"] == drafted.digest
        assert sent["dec"]["decisions"] == [decided["seq"]]
        assert decided["dec"]["by"] == "a person in the chat"
        keys = one.desk.core.store._keys
        assert decided["res"]["key"] == sent["res"]["key"] == keys["oversight"] != keys["send"]
        assert by_event["draft.create"]["res"]["key"] == keys["send"]
        assert decided["actor"]["id"] == one.desk.caller.id
        assert decided["actor"]["auth"] == "own process"
        assert by_event["draft.create"]["dec"]["ai"] is True


async def test_a_fingerprint_tells_keys_apart_and_is_no_part_of_the_key() -> None:
    one, other = fingerprint("mm_live_secret_one"), fingerprint("mm_live_secret_two")
    assert one != other
    assert len(one) == 12
    assert one not in "mm_live_secret_one"


async def test_a_draft_that_is_refused_leaves_its_record_and_nothing_else(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await day(one)
        before = len(await records_of(one.desk.core.store))
        for _ in range(2):
            with pytest.raises(Suppressed):
                await one.desk.draft(TICKET, "One more thing.")
        records = await agree(one.desk.core.store)
        assert events(records[before:]) == ["draft.refuse refused"] * 2
        assert records[-1]["dec"]["code"] == "suppressed"


async def test_showing_the_same_form_again_to_the_same_principal_is_no_news(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.desk.draft(TICKET, BODY)
        one.clock.advance(5)
        for _ in range(3):
            await one.desk.show((await one.desk.pending(limit=10)).items)
            one.clock.advance(5)
        records = await agree(one.desk.core.store)
        assert events(records).count("email.show shown") == 1
        (showing,) = await one.desk.core.store.rows("SELECT shown_at FROM showings")
        assert showing["shown_at"] > records[-1]["ts"][:19]  # the newest showing still counts for a decision


async def test_the_question_in_the_chat_and_its_answer_are_told_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for era, body in (("auto", BODY), ("legacy", SECOND)):
            async with one.client(era, Person(action="decline")) as caller:  # type: ignore[arg-type]
                drafted = await caller.ok("draft_gated_reply", ticket_id=TICKET, body=body)
                one.clock.advance(5)
                await caller.fails("decide_reply", message_id=drafted["message_id"], decision="approve")
            told = events(await agree(one.desk.core.store))
            assert [entry for entry in told if entry.startswith("question.")][-2:] == [
                "question.ask asked",
                "question.answer no",
            ]
        assert told.count("question.ask asked") == told.count("question.answer no") == 2


async def test_reviewers_come_and_go_on_record_with_their_sessions_fingerprint(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        drafted = await one.desk.draft(TICKET, BODY)
        reviewers = Reviewers(one.desk.core.store, one.clock)
        secret = await reviewers.invite("anna")
        assert await reviewers.sign_in("guessed") is None
        session = await reviewers.sign_in(secret)
        assert session is not None
        assert await reviewers.sign_in(secret) is None
        for _ in range(2):
            await reviewers.open(session, drafted.id, "sha256:1")
        await reviewers.sign_out(session)
        await reviewers.sign_out(session)
        assert await reviewers.revoke("anna")
        assert not await reviewers.revoke("anna")
        records = (await agree(one.desk.core.store))[2:]
        assert [record["ev"] for record in records] == [
            "reviewer.invite",
            "reviewer.enter",
            "email.show",
            "reviewer.leave",
            "reviewer.revoke",
        ]
        assert records[1]["actor"]["id"] == "reviewer:anna"
        assert records[1]["actor"]["credential"] == session.hash[:12]
        assert session.secret not in json.dumps(records)


async def test_what_was_decided_elsewhere_is_found_and_not_the_doing_of_whoever_looked(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        drafted = await one.desk.draft(TICKET, BODY)
        one.clock.advance(5)
        core = one.desk.core
        assert core.oversight is not None
        await core.oversight.decide(drafted.message_id or "", approve=True, reason=None)
        assert await one.desk.look(drafted.message_id or "") is None
        records = await agree(core.store)
        (sent,) = [record for record in records if record["ev"] == "email.send"]
        assert (sent["actor"]["id"], sent["actor"]["behalf"]) == ("deskgate", one.desk.caller.id)
        assert sent["dec"]["by"] == "somebody at MultiMail, outside deskgate"
        assert "key" not in sent["res"]
