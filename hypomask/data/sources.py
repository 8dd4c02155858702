"""Reading every file of a data spec, whatever its kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hypomask.data.anndata_file import read_anndata
from hypomask.data.delimited import parse_matrix, parse_text_table
from hypomask.data.memory import PARQUET
from hypomask.data.parquet import read_parquet_matrix, read_parquet_text
from hypomask.data.source_files import file_hash, read_text_source
from hypomask.data.spec import DataSpec
from hypomask.data.tables import Findings, Matrix, TextTable, listed
from hypomask.errors import DataError, Problem, did_you_mean

__all__ = ["Sources", "read_sources"]

SAMPLE_ID = "sample id"


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that was read.

    Parameters
    ----------
    channels
        One matrix per channel; `rows_are` is not decided yet where a samples table has to decide it.
    table
        The samples table: a file, the text columns of the one channel table, or obs.
    files
        SHA-256 by path.
    """

    channels: Mapping[str, Matrix]
    table: TextTable
    files: Mapping[str, str]


def read_sources(spec: DataSpec, findings: Findings, stored_in: Path | None = None) -> Sources:
    """Read the channel tables and the samples table of `spec`.

    Parameters
    ----------
    stored_in
        Leave numbers of AnnData and Parquet files where they are, and use this folder for what has to be turned
        around; None: read them.

    Raises
    ------
    DataError
        With the problems of every file.
    """
    channels: dict[str, Matrix] = {}
    tables: list[TextTable] = []
    files: dict[str, str] = {}
    stored = stored_in is not None
    for channel, path in spec.channels.items():
        try:
            if path.suffix == ".h5ad":
                matrices, obs, unread = read_anndata(path, spec.layers, channel, stored_in=stored_in)
                files[str(path)] = file_hash(path)
                channels |= {channel if layer == "X" else layer: matrix for layer, matrix in matrices.items()}
                if unread:
                    findings.notes.append(
                        f"{path}: read {listed(list(matrices))}, not {listed(unread)}; 'layers' chooses others"
                    )
                tables += [obs] if spec.samples is None else []
            elif spec.samples is None:
                matrix = _read_matrix(path, files, spec.id_column, _columns_apart(spec), spec.exclude, stored)
                tables.append(_table_within(matrix, spec))
                channels[channel] = replace(matrix, rows_are="samples")
            else:
                channels[channel] = _read_matrix(path, files, None, (), spec.exclude, stored)
        except DataError as error:
            findings.problems.append(Problem(str(error)))
    if spec.samples is not None:
        try:
            tables.append(_read_text_table(spec.samples, files))
        except DataError as error:
            findings.problems.append(Problem(str(error)))
    findings.stop_if_any()
    return Sources(channels, tables[0], files)


def _read_matrix(
    path: Path,
    files: dict[str, str],
    id_column: str | None,
    text_columns: Collection[str],
    exclude: Collection[str],
    stored: bool,
) -> Matrix:
    if path.suffix in PARQUET:
        matrix = read_parquet_matrix(
            path, id_column=id_column, text_columns=text_columns, exclude=exclude, stored=stored
        )
        files[str(path)] = file_hash(path)
        return matrix
    source = read_text_source(path)
    files[str(path)] = source.sha256
    return parse_matrix(source, id_column=id_column, text_columns=text_columns, exclude=exclude)


def _read_text_table(path: Path, files: dict[str, str]) -> TextTable:
    if path.suffix in PARQUET:
        table = read_parquet_text(path)
        files[str(path)] = file_hash(path)
        return table
    source = read_text_source(path)
    files[str(path)] = source.sha256
    return parse_text_table(source)


def _columns_apart(spec: DataSpec) -> tuple[str, ...]:
    """Columns of the one table that are not genes."""
    named = (spec.phenotype, *spec.more_phenotypes, spec.event, *spec.covariates, spec.groups)
    return tuple(name for name in named if name)


def _table_within(matrix: Matrix, spec: DataSpec) -> TextTable:
    """Return the samples table that is part of the one channel table."""
    columns = {} if matrix.table is None else dict(matrix.table.columns)
    problems = []
    for name in dict.fromkeys(_columns_apart(spec)):
        if name in columns:
            continue
        if name in matrix.row_ids:
            way_out = "it is a row: genes are in rows here, so give the phenotype and covariates in a samples table"
        else:
            way_out = f"name another, or give a samples table.{did_you_mean(name, matrix.column_ids)}"
        problems.append(f"{matrix.file}: no column {name!r} among {len(matrix.column_ids)} columns; {way_out}")
    if problems:
        raise DataError("\n".join(problems))
    return TextTable(matrix.file, {spec.id_column or SAMPLE_ID: matrix.row_ids, **columns}, matrix.lines)
