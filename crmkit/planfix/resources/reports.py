"""Reports: what there is, making one, reading what was saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crmkit.exceptions import NotFound, ServerError, ValidationError
from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection, FieldKey, field_list, untold
from crmkit.planfix.models.report import (
    REPORT_FIELDS,
    SAVE_FIELDS,
    Report,
    ReportChunk,
    ReportRow,
    ReportSave,
    ReportState,
    ReportStatus,
)
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, Resource

__all__ = ["Reports"]


class Reports(Resource):
    """``/report/*``. Making a report needs the tariff Corporation and ten minutes between two runs."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._listing = Listing(connection, Report, "POST /report/list", "reports")

    def list(
        self, *, fields: Iterable[FieldKey] = ("id", "name"), page_size: int = PAGE_LIMIT
    ) -> Iterator[Report]:
        """Yield the reports: ``POST /report/list``."""
        return self._listing.walk(page_size, fields=field_list(fields))

    def get(self, report_id: int, *, fields: Iterable[FieldKey] = REPORT_FIELDS) -> Report:
        """Read what a report consists of: ``GET /report/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields)}
        number = positive("report", report_id)
        return self._connection.one(Report, "report", "GET /report/{id}", number, params=params)

    def generate(self, report_id: int) -> str:
        """Begin to make a report: ``POST /report/{id}/generate``. Never repeated blindly.

        Returns:
            The id of the run, for :meth:`status`.

        Raises:
            RateLimited: A report is being made, or one was made within the last ten minutes.
            PermissionDenied: The tariff has no reports by API.
            OutcomeUnknown: The answer was lost; :meth:`saves` shows later whether a result came of it.
        """
        operation = "POST /report/{id}/generate"
        run = self._connection.write(operation, positive("report", report_id)).get("requestId")
        if not isinstance(run, str) or not run.isalnum():
            raise untold(operation, "the id of the run")
        return run

    def status(self, request_id: str) -> ReportStatus:
        """Tell how far a run is: ``GET /report/status/{requestId}``.

        Raises:
            NotFound: There is no such run.
        """
        envelope = self._connection.read("GET /report/status/{requestId}", request_id)
        return self._connection.parse(ReportStatus, envelope)

    def run(self, report_id: int, *, timeout: float = 600.0, pause: float = 5.0) -> ReportSave:
        """Make a report and wait until it is ready.

        Args:
            report_id: The report.
            timeout: Seconds to wait, on the client's clock.
            pause: Seconds between two looks; each costs a request.

        Raises:
            RateLimited: As for :meth:`generate`.
            ServerError: It was not ready in time; it may still become so, see :meth:`saves`.
        """
        clock = self._connection.clock
        run = self.generate(report_id)
        begun = clock.monotonic()
        while True:
            found = self.status(run)
            if found.status == ReportState.READY and found.save is not None:
                return found.save
            if clock.monotonic() - begun + pause > timeout:
                break
            clock.sleep(pause)
        raise ServerError(
            f"report {report_id}: not ready after {timeout:g} s, the portal says {found.status or 'nothing'}",
            method="GET /report/status/{requestId}",
            hint=f"ask again later: reports.status({run!r})",
        )

    def saves(self, report_id: int) -> tuple[ReportSave, ...]:
        """Return the saved results of a report: ``POST /report/{id}/save/list``."""
        return self._connection.many(
            ReportSave,
            "saves",
            "POST /report/{id}/save/list",
            positive("report", report_id),
            json={"fields": field_list(SAVE_FIELDS)},
        )

    def chunk(self, report_id: int, save_id: int, chunk: int = 0) -> ReportChunk:
        """Read one piece of a saved result: ``POST /report/{id}/save/{saveId}/data``; pieces count from 0."""
        if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 0:
            raise ValidationError(f"report: {chunk!r} is no piece", hint="pieces count from 0")
        envelope = self._connection.read(
            "POST /report/{id}/save/{saveId}/data",
            positive("report", report_id),
            positive("saved result", save_id),
            params={"chunk": chunk},
        )
        return self._connection.parse(ReportChunk, envelope)

    def rows(self, report_id: int, save_id: int) -> Iterator[ReportRow]:
        """Yield a saved result row by row, one piece in memory; titles that a piece repeats are dropped.

        Raises:
            NotFound: There is no such saved result.
        """
        pieces = self._pieces(report_id, save_id)
        header: ReportRow | None = None
        for number in range(pieces):
            for row in self.chunk(report_id, save_id, number).rows:
                if row.is_header and row == header:
                    continue
                if row.is_header:
                    header = row
                yield row

    def _pieces(self, report_id: int, save_id: int) -> int:
        operation = "POST /report/{id}/save/list"
        save = next((one for one in self.saves(report_id) if one.id == save_id), None)
        if save is None:
            raise NotFound(
                f"report {report_id} has no saved result {save_id}",
                method=operation,
                hint="see reports.saves",
            )
        pieces = save.chunks if save.chunks_count is None else save.chunks_count
        if pieces is None:
            # Reading one piece and calling it all would be a result that is silently short.
            raise ServerError(
                f"{operation}: it is not told in how many pieces result {save_id} comes",
                method=operation,
                hint="read them with reports.chunk",
            )
        return pieces
