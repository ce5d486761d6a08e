"""The rows of a job that is entered: its columns, its materials, the first line of its history."""

from __future__ import annotations

import os
from collections.abc import Iterable

from hotfolder.domain.chains import ROOT_STEP, Place
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import State
from hotfolder.journal import identities
from hotfolder.journal.drafts import Draft
from hotfolder.journal.engine import Value
from hotfolder.journal.rows import encode_plan, encode_preparation
from hotfolder.journal.session import Session


def put_materials(session: Session, job_id: int, materials: Iterable[Material]) -> None:
    """Enter what a job sends, and what stands for the images of its references."""
    for each in materials:
        if each.origin is Origin.REFERENCE and each.essence is not None:
            identities.learn(session, each.content_hash, each.essence)
        session.change(
            "insert_material",
            job=job_id,
            position=each.position,
            parameter=each.parameter,
            origin=each.origin.value,
            path=os.fsencode(each.path) if each.origin is Origin.REFERENCE else None,
            content_hash=each.content_hash,
            identity=each.identity or _identity(session, each),
            size=each.size,
            preparation=encode_preparation(each.preparation),
            place=os.fsencode(each.path) if each.origin is Origin.SOURCE else None,
            result=each.result,
        )


def _identity(session: Session, material: Material) -> str:
    if material.origin is Origin.REFERENCE:
        return identities.of_reference(session, material)
    return material.content_hash


def planned(session: Session, draft: Draft) -> dict[str, Value]:
    """Return a job's columns as a draft wants them."""
    failure, estimate = draft.failure, draft.estimate
    return {
        "plan": encode_plan(draft.plan),
        "estimate": None if estimate.amount is None else str(estimate.amount),
        "estimate_currency": estimate.currency,
        "due_at": None if draft.waits_for else session.now_ms,
        "waits_for": draft.waits_for.value if draft.waits_for else None,
        "error_code": failure.code if failure else None,
        "error_message": failure.message if failure else None,
        "error_hint": failure.hint if failure else None,
    }


def place_in_chain(place: Place | None) -> dict[str, Value]:
    """Return a job's columns as its place in a chain wants them, None = it is a root."""
    return {
        "root": place.root if place else None,
        "parent": place.parent if place else None,
        "step": place.step if place else ROOT_STEP,
        "position": place.position if place else None,
    }


def remember_accepted(session: Session, job_id: int) -> None:
    """Begin a job's history."""
    session.change(
        "insert_event",
        job=job_id,
        name="Accepted",
        from_state=None,
        to_state=State.ACCEPTED.value,
        detail="{}",
    )
