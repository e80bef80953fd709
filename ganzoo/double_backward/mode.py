"""A mode in which gradients of networks are differentiated faster than by torch alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.autograd import forward_ad
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

    Nothing changes inside ``torch.utils.checkpoint``, ``torch.func`` and forward-mode derivatives.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """The result of a function of torch."""
        if func in _FUNCTIONS and not _left_to_torch():
            func = _FUNCTIONS[func]
        return func(*args, **(kwargs or {}))


def _left_to_torch() -> bool:
    """Whether a function will be computed again, maybe outside the mode, or is transformed."""
    # A checkpoint compares what both computations save; it uses hooks of saved tensors.
    has_hooks = torch._C._autograd._top_saved_tensors_default_hooks(False) is not None
    is_forward = forward_ad._current_level >= 0
    return has_hooks or is_forward or torch._C._are_functorch_transforms_active()


_FUNCTIONS = piecewise_linear.FUNCTIONS | convolution.FUNCTIONS
