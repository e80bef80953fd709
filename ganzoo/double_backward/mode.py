"""A mode in which gradients of networks are differentiated faster than by torch alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.overrides import TorchFunctionMode

from ganzoo.double_backward import convolution, piecewise_linear


class DoubleBackward(TorchFunctionMode):
    """While it is active, networks compute the same, but derivatives of their gradients faster.

    For a penalty of a gradient: compute in this context what is differentiated twice, such as the
    scores, and their gradient with ``create_graph=True`` there or later. The derivatives are those
    of torch up to rounding. Two things change:

    - Second derivatives of piecewise linear layers are 0. torch passes these zeros back through all
      layers before, which in networks without norms takes a third of a penalty's operations.
    - torch differentiates the gradient of a convolution by a convolution whose kernel is as large
      as the feature maps. Here it is the gradient of a convolution's weights.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """The result of a function of torch."""
        return _FUNCTIONS.get(func, func)(*args, **(kwargs or {}))


_FUNCTIONS = piecewise_linear.FUNCTIONS | convolution.FUNCTIONS
