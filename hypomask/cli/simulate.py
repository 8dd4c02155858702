"""`hypomask simulate`: a cohort in which a given hypothesis is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option, out_option, seed_option
from hypomask.cli.output import print_json, print_result

if TYPE_CHECKING:
    from hypomask.data.simulation_config import SimulatedKind

__all__ = ["command"]

KINDS = ("binary", "continuous", "counts", "survival")
SHARE = click.FloatRange(0, 1, max_open=True)


@click.command("simulate", cls=HypomaskCommand, examples=["hypomask simulate hypotheses.yaml --samples 2000 --out sim"])
@click.argument("hypotheses", type=FILE)
@click.option("--plant", metavar="NAME", help="Hypothesis that is true. Default: the first of the file.")
@click.option("--samples", "n_samples", type=click.IntRange(10), default=1000, show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default="binary", show_default=True, help="Of the phenotype.")
@click.option("--interactions", type=SHARE, default=0.3, show_default=True, help="Share of variance from edges.")
@click.option("--main-effects", type=SHARE, default=0.2, show_default=True, help="Share from single genes.")
@click.option("--covariates", type=SHARE, default=0.0, show_default=True, help="Share from two covariates.")
@click.option("--correlation", type=SHARE, default=0.0, show_default=True, help="Of genes in modules of about ten.")
@click.option("--extra-genes", type=click.IntRange(0), default=0, show_default=True, help="Genes without effect.")
@seed_option
@out_option("the files", Path("simulated"))
@json_option
def command(
    hypotheses: Path,
    plant: str | None,
    n_samples: int,
    kind: str,
    interactions: float,
    main_effects: float,
    covariates: float,
    correlation: float,
    extra_genes: int,
    seed: int | None,
    out: Path,
    as_json: bool,
) -> None:
    """Write a simulated cohort in which a hypothesis is true.

    Products of genes along the planted hypothesis' edges explain a share of the phenotype that you set; genes of the
    other hypotheses in the file are measured too and do nothing. Writes expression.tsv.gz, samples.tsv and truth.tsv.
    """
    from hypomask.cli.planting import plant_cohort
    from hypomask.data.simulated_files import EVENT, write_cohort
    from hypomask.data.simulation_config import SimulationConfig
    from hypomask.knowledge.registry import read_hypotheses

    config = SimulationConfig(
        n_samples=n_samples,
        interaction_r2=interactions,
        main_r2=main_effects,
        covariate_r2=covariates,
        kind=cast("SimulatedKind", kind),
        n_covariates=2 if covariates else 0,
        gene_correlation=correlation,
        n_extra_genes=extra_genes,
        seed=seed or 0,
    )
    simulated = plant_cohort(read_hypotheses(hypotheses), plant, config)
    expression, samples, truth = write_cohort(simulated, out)
    cohort = simulated.cohort
    if as_json:
        print_json(
            {
                "planted": simulated.hypothesis.name,
                "files": {"expression": str(expression), "samples": str(samples), "truth": str(truth)},
                "samples": cohort.n_samples,
                "genes": len(cohort.genes),
                "phenotype": cohort.phenotype.name,
                **({"event": EVENT} if cohort.phenotype.kind == "survival" else {}),
                "variance_shares": simulated.variance_shares,
                "loss": {
                    "gene_free": float(simulated.gene_free_loss),
                    "additive": float(simulated.additive_loss),
                    "best_possible": float(simulated.best_loss),
                },
            }
        )
        return
    event = f", event {EVENT!r}" if cohort.phenotype.kind == "survival" else ""
    print_result(f"planted: {simulated.hypothesis.name} ({len(simulated.edges)} edges)")
    print_result(f"{cohort.n_samples} samples, {len(cohort.genes)} genes, phenotype {cohort.phenotype.name!r}{event}")
    print_result(
        f"loss without genes {simulated.gene_free_loss:.3f}, with single genes {simulated.additive_loss:.3f}, "
        f"of who knows the truth {simulated.best_loss:.3f}"
    )
    for path in (expression, samples, truth):
        print_result(str(path))
