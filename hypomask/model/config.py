"""Sizes and switches of the masked gene transformer."""

from __future__ import annotations

from dataclasses import dataclass

from hypomask.errors import ConfigError

__all__ = ["ModelConfig"]


@dataclass(frozen=True)
class ModelConfig:
    """Architecture shared by every mask of a study.

    Parameters
    ----------
    width
        Features per token; divisible by `heads`.
    heads, layers
        Attention heads per layer, and layers. With L layers a gene is reached over paths of at most L edges. None: as
        many as the hypotheses of a study need for all their edges to act: 1, more where they have group tokens.
    dropout
        Share of attention weights dropped in training. 0 by default: early stopping and shrinkage regularise.
    attention
        Back end: ``auto`` chooses by density, size and device; or a name of `hypomask.model.attention.BACK_ENDS`.
    """

    width: int = 16
    heads: int = 2
    layers: int | None = None
    dropout: float = 0.0
    attention: str = "auto"

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"model.{name}: got {value}, expected at least 1")
        if self.width % self.heads:
            raise ConfigError(f"model.width: got {self.width}, expected a multiple of model.heads ({self.heads})")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"model.dropout: got {self.dropout}, expected a number in [0, 1)")

    @property
    def n_layers(self) -> int:
        """Layers of a model built from this configuration."""
        return self.layers or 1
