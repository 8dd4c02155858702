"""How every model of a study is trained. The same for every mask: the budget is part of the study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypomask.errors import ConfigError

__all__ = ["TrainingConfig"]


@dataclass(frozen=True)
class TrainingConfig:
    """Budget and schedule of one model.

    Parameters
    ----------
    replicates
        Training replicates per fold: each has its own initial values and its own inner validation part. Their
        predictions are averaged; they are never counted as extra data.
    inner_folds
        Parts that the training side of a fold is cut into; replicate i stops early on part i. At least `replicates`.
    epochs, patience
        Most epochs of AdamW after the closed-form start, and epochs without improvement that end it. 0 epochs: the
        closed-form start alone.
    learning_rate, weight_decay, batch_size
        Of AdamW.
    own_gene_curves
        ``auto``: the additive part may bend (a curve per gene) where inner cross-validation says it pays;
        ``never``: straight lines only.
    """

    replicates: int = 2
    inner_folds: int = 4
    epochs: int = 10
    patience: int = 1
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch_size: int = 128
    own_gene_curves: Literal["auto", "never"] = "auto"

    def __post_init__(self) -> None:
        if self.replicates < 1:
            raise ConfigError(f"training.replicates: got {self.replicates}, expected at least 1")
        if self.inner_folds < max(2, self.replicates):
            raise ConfigError(
                f"training.inner_folds: got {self.inner_folds}, expected at least {max(2, self.replicates)} "
                f"(two, and one for each of the {self.replicates} replicates)"
            )
        for name, least in (("epochs", 0), ("patience", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise ConfigError(f"training.{name}: got {getattr(self, name)}, expected at least {least}")
        if not self.learning_rate > 0:
            raise ConfigError(f"training.learning_rate: got {self.learning_rate}, expected a positive number")
        if self.weight_decay < 0:
            raise ConfigError(f"training.weight_decay: got {self.weight_decay}, expected 0 or more")
        if self.own_gene_curves not in ("auto", "never"):
            raise ConfigError(f"training.own_gene_curves: got {self.own_gene_curves!r}, expected 'auto' or 'never'")
