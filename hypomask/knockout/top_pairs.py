"""The pairs of knockouts with the largest epistasis, without computing all of them.

With one layer, what a token adds to the output lies, per head, between the least and the largest of what its
neighbours would add by themselves and 0 (its own key adds nothing), however its softmax is redistributed. Epistasis at
a token is a sum of four such contributions with signs + - - +, so it is at most twice the width of that range in
absolute value, and the epistasis of a pair at most the sum of that over the tokens that both knockouts touch. Pairs are
computed from the largest bound down, until no bound left exceeds the k-th largest epistasis found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch

from hypomask.errors import ConfigError, HypothesisError
from hypomask.execution.one_thread import one_thread
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.epistasis import PairScan, scan_pairs
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.incremental import plans
from hypomask.knockout.interventions import Intervention, isolate, knockout
from hypomask.knockout.measured_pass import measured_pass
from hypomask.knockout.network import layouts_of, network_of
from hypomask.knockout.scan_plan import touched_tokens
from hypomask.knockout.summary import Question
from hypomask.knockout.trained_run import TrainedRun
from hypomask.outcomes.family import Float
from hypomask.training.fold_model import FoldModel, SeveralModels

__all__ = ["TopPairs", "pair_bounds", "top_pairs"]

FIRST_BATCH = 500
SAMPLES_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class TopPairs:
    """The pairs with the largest absolute epistasis.

    Parameters
    ----------
    scan
        Of these pairs; p values are adjusted for all pairs there are.
    n_pairs, n_can_interact, n_computed
        Pairs of the genes, those that share a touched token, and those that had to be computed.
    """

    scan: PairScan
    n_pairs: int
    n_can_interact: int
    n_computed: int


def top_pairs(
    run: TrainedRun,
    genes: tuple[str, ...],
    k: int,
    hypothesis: str | None = None,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
    *,
    keep_values: bool = False,
    harm: str = "",
) -> TopPairs:
    """Return the k pairs of `genes` whose knockouts (or cut edges, where `keep_values`) have the largest epistasis.

    Raises
    ------
    ConfigError
        The models have more than one layer, or a prior that is not hard: no bound is known, scan all pairs.
    HypomaskError
        As `hypomask.knockout.epistasis.scan_pairs`.
    """
    options, progress = options or ScanOptions(), progress or Silent()
    name = hypothesis if hypothesis is not None else run.leading
    mask = run.mask(name)
    if run.prepared.study.model.n_layers != 1 or mask.prior.kind != "hard":
        raise ConfigError("top pairs: bounds are known for one layer and a hard prior alone; scan all pairs instead")
    singles = [isolate(gene) if keep_values else knockout(gene) for gene in genes]
    with one_thread():
        bounds = pair_bounds(run, singles, name, options)
    order = np.argsort(-bounds.data, kind="stable")
    candidates = np.stack([bounds.row, bounds.col], axis=1)[order]
    bound_Q = bounds.data[order]
    if not len(candidates):
        raise HypothesisError(f"no pair of these {len(genes)} genes shares a token that both touch under {name!r}")
    found, done, size = np.zeros(0), 0, FIRST_BATCH
    while done < len(candidates):
        if len(found) >= k and bound_Q[done] <= np.sort(found)[-k]:
            break
        batch = candidates[done : done + size]
        scan = scan_pairs(run, singles, batch, name, options, progress)
        found = np.concatenate([found, np.abs(scan.epistasis.effect.mean)])
        done, size = done + len(batch), 2 * size
    best = candidates[np.argsort(-found, kind="stable")[:k]]
    scan = scan_pairs(run, singles, best, name, options, progress, harm=harm, n_tests=len(candidates))
    return TopPairs(scan, len(genes) * (len(genes) - 1) // 2, len(candidates), done)


def pair_bounds(run: TrainedRun, singles: list[Intervention], name: str, options: ScanOptions) -> sp.coo_array:
    """Return (I, I), upper triangle: a bound of each pair's absolute mean epistasis; no entry: exactly 0."""
    mask, config = run.mask(name), run.prepared.study.model
    question = ask(run, singles, name, options).question
    graphs = tuple(LayerGraph.of(layout) for layout in layouts_of(mask, config))
    items: list[Index] = []
    tokens: list[Index] = []
    for first, plan in plans(compile_interventions(singles, mask).edits, graphs, width=1, n_heads=1, n_batch=8):
        item, token = touched_tokens(plan)
        items.append(item + first)
        tokens.append(token)
    item, token = np.concatenate(items), np.concatenate(tokens)
    touches = sp.csr_array((np.ones(len(item)), (item, token)), shape=(len(singles), mask.n_tokens))
    width_N = _widths(run, name, question, graphs[0])
    widths = sp.csr_array(touches.multiply(2 * width_N[None]))
    return sp.coo_array(sp.triu(widths @ touches.T, k=1))


def _widths(run: TrainedRun, name: str, question: Question, graph: LayerGraph) -> Float:
    """Return (N,) the range of what each token can add, mean over chosen samples of all models that held them out."""
    mask, cohort = run.mask(name), run.cohort
    genes = cohort.gene_index(mask.genes)
    layouts = layouts_of(mask, run.prepared.study.model)
    total_N, n = np.zeros(mask.n_tokens), 0
    start = torch.from_numpy(graph.start)
    others = torch.from_numpy(graph.rows != graph.cols)[:, None, None]
    for one in run.models(run.model(name)):
        learned = run.load(one)
        model = learned.parts[question.part or 0] if isinstance(learned, SeveralModels) else learned
        if not isinstance(model, FoldModel):
            raise ConfigError("epistasis: models of masked genes have an output per gene; pairs need one")
        _, test = run.prepared.folds.split(one.job.repeat, one.job.fold)
        index = test[question.chosen_B[test]]
        n += len(index)
        replicates = model.fitted.replicates if model.fitted.shrinkage > 0 else ()
        for replicate in replicates:
            network = network_of(replicate, layouts, (graph,), factor=model.fitted.shrinkage)
            for first in range(0, len(index), SAMPLES_AT_ONCE):
                x_BGC = model.scaling.genes(cohort.values_BGC[index[first : first + SAMPLES_AT_ONCE]][:, genes])
                block = np.ascontiguousarray(x_BGC.transpose(1, 2, 0))
                term = measured_pass(network, torch.from_numpy(block).double()).last.term_EKS * others
                largest = torch.segment_reduce(term, "max", offsets=start, axis=0, unsafe=True).clamp(min=0)
                least = torch.segment_reduce(term, "min", offsets=start, axis=0, unsafe=True).clamp(max=0)
                total_N += network.factor * (largest - least).sum((1, 2)).numpy() / len(replicates)
    return total_N / max(n, 1)
