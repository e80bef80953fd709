"""The layers of LadaGAN; tokens are (N, T, C), one per position of a feature map."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

EPSILON = 1e-6


class AdditiveAttention(nn.Module):
    """Linear additive attention: the cost grows linearly with the number of tokens.

    With queries q, keys k and values v of a head of D channels, and all its tokens i:
    a = softmax_i(w q_i / sqrt(D)), g = sum_i a_i q_i, and the result is r_i = v_i * g * k_i. In
    w q_i, q_i has the channels of all heads, as in the authors' code. A linear layer follows.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = 1 / sqrt(channels // heads)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.logits = nn.Linear(channels, heads)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to (N, T, C)."""
        q, k, v = self.query(x), self.key(x), self.value(x)
        a = torch.softmax(self.logits(q) * self.scale, dim=1)  # (N, T, heads)
        weighted = a.unsqueeze(3) * q.unflatten(2, (self.heads, -1))  # (N, T, heads, D)
        g = weighted.sum(dim=1).flatten(1).unsqueeze(1)  # (N, 1, C)
        r: Tensor = self.project(v * (g * k))
        return r


class SelfModulatedNorm(nn.Module):
    """gamma(z) LN(x) + beta(z): layer norm whose gain and bias depend on the latents z.

    h = ReLU(W z), and gamma and beta are linear in h (Chen et al. 2019, arXiv 1810.01365).
    """

    def __init__(self, channels: int, latent_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPSILON, elementwise_affine=False)
        self.hidden = nn.Sequential(nn.Linear(latent_dim, channels), nn.ReLU())
        self.gamma = nn.Linear(channels, channels)
        self.beta = nn.Linear(channels, channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(N, T, C) and latents (N, Z) to (N, T, C)."""
        h = self.hidden(z).unsqueeze(1)
        y: Tensor = self.gamma(h) * self.norm(x) + self.beta(h)
        return y


class GeneratorBlock(nn.Module):
    """Positions, attention with a residual connection, and an MLP without one."""

    def __init__(
        self, channels: int, tokens: int, latent_dim: int, heads: int, hidden: int
    ) -> None:
        super().__init__()
        self.positions = nn.Parameter(nn.init.orthogonal_(torch.empty(tokens, channels)))
        self.norm_attention = SelfModulatedNorm(channels, latent_dim)
        self.attention = AdditiveAttention(channels, heads)
        self.norm_mlp = SelfModulatedNorm(channels, latent_dim)
        self.mlp = mlp(channels, hidden)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(N, T, C) and latents (N, Z) to (N, T, C)."""
        x = x + self.positions
        x = x + self.attention(self.norm_attention(x, z))
        y: Tensor = self.mlp(self.norm_mlp(x, z))
        return y


class DiscriminatorBlock(nn.Module):
    """Positions, attention and an MLP, both with a residual connection and layer norm."""

    def __init__(self, channels: int, tokens: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(nn.init.orthogonal_(torch.empty(tokens, channels)))
        self.attention = nn.Sequential(
            nn.LayerNorm(channels, eps=EPSILON), AdditiveAttention(channels, heads)
        )
        self.mlp = nn.Sequential(nn.LayerNorm(channels, eps=EPSILON), mlp(channels, hidden))

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps (N, C, H, W) to feature maps of the same shape."""
        x = maps.flatten(2).transpose(1, 2) + self.positions
        x = x + self.attention(x)
        x = x + self.mlp(x)
        mixed: Tensor = x.transpose(1, 2).unflatten(2, maps.shape[2:])
        return mixed


def mlp(channels: int, hidden: int) -> nn.Sequential:
    """A layer of hidden units with GELU, and one back to ``channels``."""
    return nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))
