"""What a job costs: networks trained and seconds, by what it is for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JobPrice", "Prices", "assumed_prices"]


@dataclass(frozen=True)
class JobPrice:
    """One mask with one fold held out, on average: how many networks that trains, and seconds (None: not known)."""

    trainings: float
    seconds: float | None


@dataclass(frozen=True)
class Prices:
    """Prices of a study's jobs.

    Parameters
    ----------
    hypothesis, reference, null
        By what the mask is. Null masks are often cheaper than the hypothesis: what adds nothing is not trained to the
        end.
    n_references
        References trained beside the hypotheses.
    n_units
        Independent units the seconds were measured with; they are taken as proportional to them.
    replicates
        Training replicates per fold that all this is for; cost is taken as proportional to them.
    """

    hypothesis: JobPrice
    reference: JobPrice
    null: JobPrice
    n_references: int
    n_units: int | None = None
    replicates: int = 2

    def seconds(self, price: JobPrice, n_units: float) -> float | None:
        """Return the seconds of a job in a study of `n_units`."""
        if price.seconds is None:
            return None
        return price.seconds * (n_units / self.n_units if self.n_units else 1.0)


def assumed_prices(seconds_per_training: float | None, replicates: int = 2) -> Prices:
    """Return the prices of the shipped settings: each replicate is trained to find when to stop, and once more.

    Of the two references, no interaction trains nothing.
    """
    each = 2.0 * replicates
    seconds = None if seconds_per_training is None else each * seconds_per_training
    job = JobPrice(each, seconds)
    return Prices(job, JobPrice(each / 2, None if seconds is None else seconds / 2), job, n_references=2)
