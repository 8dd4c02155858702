"""Where the parameters of a model lie in one vector, and in the vectors of many models of the same kind."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["ParameterPlaces"]

# Values that a parameter's place begins at a multiple of: 16 bytes of float32. cuBLAS takes slower kernels for
# matrices that begin anywhere else, and an intercept before them is enough for that.
ALIGNED = 4


class ParameterPlaces:
    """Places of a model's parameters in a vector, with gaps that are always 0.

    Parameters
    ----------
    model
        One of the kind; its values do not matter.
    """

    def __init__(self, model: nn.Module) -> None:
        self._shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        self._sizes: list[int] = []
        for shape in self._shapes.values():
            self._sizes += [shape.numel(), -shape.numel() % ALIGNED]

    def vector(self, model: nn.Module) -> Tensor:
        """Return (P,) a model's values."""
        parts = []
        for parameter in model.parameters():
            values = parameter.detach().flatten()
            parts += [values, values.new_zeros(-len(values) % ALIGNED)]
        return torch.cat(parts)

    def parameters(self, values_MP: Tensor) -> dict[str, Tensor]:
        """Return each parameter of all models, (M, *shape), by name."""
        parts = torch.split(values_MP, self._sizes, dim=1)[::2]
        return {name: part.view(-1, *shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    @torch.no_grad()
    def give(self, values_P: Tensor, model: nn.Module) -> None:
        """Copy values (P,) into a model."""
        for name, values in self.parameters(values_P[None]).items():
            model.get_parameter(name).copy_(values[0])
