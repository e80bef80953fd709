"""Batch norm with the statistics of the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.batch_rows import BatchRows, batch_rows
from ganzoo.errors import RequestError


class _Synchronized(_BatchNorm):
    """Batch norm (Ioffe & Szegedy 2015, arXiv 1502.03167) over the images of all processes.

    All processes get the same number of images. Differentiable any number of times, unlike torch's
    own synchronized batch norm, and for every device. The statistics are computed in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The normalized x, (N, C, ...); in evaluation mode as usual, without communication."""
        rows = batch_rows()
        if not self.training or rows.shard.count == 1:
            return super().forward(x)
        precise = x.to(torch.promote_types(x.dtype, torch.float32))
        mean, variance = _statistics(precise, rows)
        self._average_in(mean.detach(), variance.detach(), x.numel() // len(mean), rows)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        normalized = (precise - mean.view(shape)) * scale.view(shape)
        if self.bias is not None:
            normalized = normalized + self.bias.view(shape)
        return normalized.to(x.dtype)

    @torch.no_grad()
    def _average_in(self, mean: Tensor, variance: Tensor, count: int, rows: BatchRows) -> None:
        """Update the running statistics; ``count`` values per channel are in this process."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = self.momentum
        if momentum is None:
            momentum = 1 / float(self.num_batches_tracked)
        total = count * rows.shard.count
        self.running_mean.lerp_(mean.to(self.running_mean), momentum)
        unbiased = variance * (total / (total - 1))
        self.running_var.lerp_(unbiased.to(self.running_var), momentum)


def _statistics(x: Tensor, rows: BatchRows) -> tuple[Tensor, Tensor]:
    """The mean and the variance of each channel in the whole batch, (C,), in one communication."""
    axes = [0, *range(2, x.ndim)]
    variance, mean = torch.var_mean(x, axes, correction=0)
    means, variances = rows.gather(torch.stack((mean, variance))[None]).unbind(1)
    mean = means.mean(0)
    return mean, (variances + (means - mean).square()).mean(0)


class SyncBatchNorm1d(_Synchronized, nn.BatchNorm1d):
    """As :class:`torch.nn.BatchNorm1d`, over all processes."""


class SyncBatchNorm2d(_Synchronized, nn.BatchNorm2d):
    """As :class:`torch.nn.BatchNorm2d`, over all processes."""


class SyncBatchNorm3d(_Synchronized, nn.BatchNorm3d):
    """As :class:`torch.nn.BatchNorm3d`, over all processes."""


_SYNCHRONIZED: dict[type[nn.Module], type[_Synchronized]] = {
    nn.BatchNorm1d: SyncBatchNorm1d,
    nn.BatchNorm2d: SyncBatchNorm2d,
    nn.BatchNorm3d: SyncBatchNorm3d,
}


def synchronize_batch_norm(name: str, network: nn.Module) -> None:
    """Make the batch norm layers of a network use the images of all processes.

    The layers stay the same objects, so their weights, hooks and names do, too. Raises RequestError
    for a class derived from torch's, whose computation is unknown.
    """
    for layer in network.modules():
        kind = type(layer)
        if kind in _SYNCHRONIZED:
            layer.__class__ = _SYNCHRONIZED[kind]
        elif isinstance(layer, _BatchNorm) and not isinstance(layer, _Synchronized):
            raise RequestError(
                f"train.sync_batch_norm: the {name} has a {kind.__name__}, which only its author "
                "can synchronize: write train.sync_batch_norm=false"
            )
