"""Rows of the journal <-> records of the domain."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from hotfolder.domain.chains import FollowUp, Place
from hotfolder.domain.essences import VERSION, Essence
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job, Plan, Result, Submit
from hotfolder.domain.materials import Material, Origin, of_origin
from hotfolder.domain.preparation import AS_BEFORE, Finish, Preparation
from hotfolder.domain.states import Decision, State, WaitsFor
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session, from_ms


def encode_plan(plan: Plan) -> str:
    """Return a plan as the journal keeps it."""
    return json.dumps(asdict(plan), sort_keys=True)


def encode_preparation(preparation: Preparation | None) -> str | None:
    """Return how a material is made fit as the journal keeps it."""
    return None if preparation is None else json.dumps(asdict(preparation), sort_keys=True)


def encode_detail(detail: dict[str, object]) -> str:
    """Return an event's detail as JSON; file names with broken UTF-8 are kept escaped."""
    return json.dumps(detail, default=str)


def load_job(session: Session, job_id: int, *, before: Job | None = None) -> Job | None:
    """Return a job with its materials, newest submit and results, or None.

    `before` is the same job as it was before an event: what no event changes is taken from it.
    """
    row = session.row("job", job=job_id)
    if row is None:
        return None
    submit = _submit(session, session.row("newest_submit", job=job_id))
    results = session.rows("results", submit=submit.id) if submit else []
    place = _place(row)
    return Job(
        id=row["id"],
        watch=row["watch_name"],
        source=os.fsdecode(row["source_path"]),
        source_mtime_ns=int(row["source_mtime_ns"]),
        input_root=os.fsdecode(row["input_root"]),
        named_after=os.fsdecode(row["named_after"]),
        key=os.fsdecode(row["key"]),
        digest=row["digest"],
        slot=row["slot"],
        generation=row["generation"],
        plan=decode_plan(row["plan"]) if before is None else before.plan,
        state=State(row["state"]),
        due_at=_time(row["due_at"]),
        waits_for=WaitsFor(row["waits_for"]) if row["waits_for"] else None,
        attempt=row["attempt"],
        output_root=os.fsdecode(row["output_root"]),
        output_folder=os.fsdecode(row["output_folder"]),
        output_stem=os.fsdecode(row["output_stem"]),
        estimate=Estimate(amount=_money(row["estimate"]), currency=row["estimate_currency"]),
        failure=_failure(row),
        accepted_at=from_ms(row["accepted_at"]),
        ended_at=_time(row["ended_at"]),
        stale=bool(row["stale"]),
        leader=row["leader"],
        materials=_materials(session, job_id) if before is None else before.materials,
        submit=submit,
        results=tuple(_result(each) for each in results),
        place=place,
        carried=() if place is None else _sources(session, place.root),
        said={} if place is None else _said(session, job_id),
    )


def existing_job(session: Session, job_id: int, *, before: Job | None = None) -> Job:
    """Return a job that must be there, as `load_job` does; raises LookupError."""
    job = load_job(session, job_id, before=before)
    if job is None:
        raise LookupError(f"there is no job {job_id}")
    return job


def decode_plan(stored: str) -> Plan:
    """Return a plan that the journal kept."""
    fields: dict[str, Any] = json.loads(stored)
    finish, drawn = fields.pop("finish", None), fields.pop("drawn", {})
    return Plan(
        **fields | {"then": tuple(_follow_up(each) for each in fields.get("then", ()))},
        finish=Finish(**finish) if finish is not None else AS_BEFORE,
        drawn=_drawn(drawn),
    )


def _follow_up(fields: dict[str, Any]) -> FollowUp:
    drawn, endings = _drawn(fields["drawn"]), tuple(fields["endings"])
    return FollowUp(**fields | {"drawn": drawn, "endings": endings})


def _drawn(stored: dict[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {key: (least, most) for key, (least, most) in stored.items()}


def _place(row: Row) -> Place | None:
    if row["root"] is None:
        return None
    return Place(root=row["root"], parent=row["parent"], step=row["step"], position=row["position"])


def _materials(session: Session, job_id: int) -> tuple[Material, ...]:
    rows = session.rows("materials", job=job_id, version=VERSION)
    return tuple(_material(each) for each in rows)


def _sources(session: Session, job_id: int) -> tuple[Material, ...]:
    return of_origin(_materials(session, job_id), Origin.SOURCE)


def _said(session: Session, job_id: int) -> dict[int, str]:
    return {row["step"]: row["text"] for row in session.rows("said_before", job=job_id)}


def _time(stored: int | None) -> datetime | None:
    return None if stored is None else from_ms(stored)


def _money(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _failure(row: Row) -> Failure | None:
    if row["error_code"] is None:
        return None
    return Failure(row["error_code"], row["error_message"], row["error_hint"])


def _material(row: Row) -> Material:
    return Material(
        position=row["position"],
        parameter=row["parameter"],
        origin=Origin(row["origin"]),
        path=os.fsdecode(row["path"]),
        content_hash=row["content_hash"],
        identity=row["identity"],
        size=row["size"],
        preparation=Preparation.of(json.loads(row["preparation"])) if row["preparation"] else None,
        essence=Essence(VERSION, row["digest"]) if row["digest"] else None,
        result=row["result"],
    )


def _submit(session: Session, row: Row | None) -> Submit | None:
    if row is None:
        return None
    return Submit(
        id=row["id"],
        number=row["number"],
        site=row["site"],
        intent_at=from_ms(row["intent_at"]),
        sent_s=session.elapsed_s - max(0, session.now_ms - row["intent_at"]) / 1000,
        task_id=row["task_id"],
        outcome=row["outcome"],
        links_expired=row["links_expired"],
        charge=_money(row["charge"]),
        currency=row["currency"],
        payload=row["payload"],
        mark=row["mark"] or "",
        asks_for_callback=bool(row["called"]),
    )


def _result(row: Row) -> Result:
    return Result(
        id=row["id"],
        position=row["position"],
        url=row["url"],
        text=row["text"],
        type=row["type"],
        spool_file=row["spool_file"],
        size=row["size"],
        sha256=row["sha256"],
        extension=row["extension"],
        output_name=os.fsdecode(row["output_name"]) if row["output_name"] else None,
        published_at=_time(row["published_at"]),
        decision=Decision(row["decision"]) if row["decision"] else None,
        decided_by=row["decided_by"],
        decided_at=_time(row["decided_at"]),
        companion=row["companion"],
        raw=row["raw"],
        raw_extension=row["raw_extension"],
        sealed=bool(row["sealed"]),
        is_taken=bool(row["is_taken"]),
    )
