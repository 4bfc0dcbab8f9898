"""Dossiers that travel: out as JSON or STIX 2.1, in as what others say, without weight."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator

from casework import exchange
from casework.exchange import Dossier, Imported
from policy.findings import Finding
from serving.bodies import Body
from serving.v1.desk import Actor, AnId, TheCaller, TheOffice

router = APIRouter(tags=["dossier"])


class ToImport(Body):
    """A dossier from elsewhere."""

    source: str = Field(min_length=1, max_length=200, examples=["Another Platform Inc."])
    """Who says so."""
    interest: str = Field(default="", max_length=2000)
    """What they have at stake with the group; kept with each incident."""
    dossier: Dossier | None = None
    stix: str | None = Field(default=None, min_length=2)
    """A STIX 2.1 bundle as text, in place of a dossier."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.dossier is None) == (self.stix is None):
            raise ValueError("give a dossier or stix, one of the two")
        return self


class Corroborated(Body):
    source: str = Field(min_length=1, max_length=2000)
    """Where it was corroborated: not a source that the finding brought along."""
    by: str | None = Field(default=None, min_length=1, max_length=200, examples=["person:ada"])


@router.get(
    "/groups/{group_id}/dossier",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "application/stix+json": {"schema": {"type": "object"}},
            },
        }
    },
)
def read_dossier(
    office: TheOffice,
    group_id: AnId,
    form: Annotated[Literal["json", "stix"], Query(alias="format")] = "json",
) -> Response:
    """All that is known of one group, with its history, as one file."""
    with office.store.reading() as work:
        dossier = exchange.read_dossier(work, group_id)
    if form == "stix":
        from casework.stix import to_bundle

        text = to_bundle(dossier, office.now())
        return Response(text, media_type="application/stix+json")
    return Response(exchange.to_json(dossier), media_type="application/json")


@router.post("/groups/import")
def import_dossier(office: TheOffice, actor: Actor, body: ToImport) -> list[Imported]:
    """Take in what others say: kept with who says so, and worth nothing until corroborated here."""
    given = [body.dossier] if body.dossier is not None else []
    left_out: tuple[str, ...] = ()
    if body.stix is not None:
        from casework.stix import from_bundle

        given, left_out = from_bundle(body.stix, office.now())
    taken = [exchange.as_imported(one, source=body.source, interest=body.interest) for one in given]
    return [exchange.save_imported(office, one, actor=actor, left_out=left_out) for one in taken]


@router.post("/findings/{finding_id}/confirm")
def confirm_finding(
    office: TheOffice, caller: TheCaller, finding_id: AnId, body: Corroborated
) -> Finding:
    """Corroborate an imported finding, with a source of one's own."""
    by = caller.decides_as(body.by)
    return exchange.confirm_finding(office, finding_id, by=by, source=body.source)
