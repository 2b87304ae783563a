"""The paper's Transformer and its updates in plain PyTorch: a reference that shares no code with the trainer.

It takes the parameters of a model by their names, and batches. The rest is written from the paper (post-norm,
sinusoidal positions, one embedding matrix for both sides and the projection) with PyTorch's own operators, in float32:
`F.dropout`, `F.layer_norm`, `F.cross_entropy`, autograd, Adam.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from glasshead.training.data.batches import Batch

PAD = 0


class Reference:
    """A model in training."""

    def __init__(
        self, parameters: Mapping[str, Tensor], *, heads: int, dropout: float, smoothing: float, clip: float
    ) -> None:
        """parameters: of a model, copied here. smoothing: of the labels. clip: largest norm of a gradient, or 0."""
        self.at = {name: value.detach().clone().requires_grad_() for name, value in parameters.items()}
        self.heads, self.dropout, self.smoothing, self.clip = heads, dropout, smoothing, clip
        self.training = True
        self.optimizer = torch.optim.Adam(self.at.values(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)

    def update(self, batch: Batch, rate: float) -> tuple[float, float]:
        """Make one update. Return the loss of a target token before it, with smoothed labels and without."""
        smoothed, plain = self.losses(batch)
        smoothed.backward()
        torch.nn.utils.clip_grad_norm_(self.at.values(), self.clip or math.inf)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return smoothed.item(), plain.item()

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the mean loss of a target token, with smoothed labels and without."""
        logits, labels = self.logits(batch.source, batch.target).flatten(0, 1), batch.labels.flatten()
        smoothed, plain = (
            F.cross_entropy(logits, labels, ignore_index=PAD, label_smoothing=amount)
            for amount in (self.smoothing, 0.0)
        )
        return smoothed, plain

    def logits(self, source: Tensor, target: Tensor) -> Tensor:
        """Compute the logits of all target positions: b q v."""
        real = (source != PAD)[:, None, None, :]
        causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()
        x = self.embed(source)
        for layer in self.layers("encoder"):
            x = self.residual(x, f"{layer}.self", lambda x, name: self.attend(x, x, name, real))
            x = self.residual(x, f"{layer}.ffn", self.feed_forward)
        y = self.embed(target)
        for layer in self.layers("decoder"):
            y = self.residual(y, f"{layer}.self", lambda y, name: self.attend(y, y, name, causal))
            y = self.residual(y, f"{layer}.cross", lambda y, name: self.attend(y, x, name, real))
            y = self.residual(y, f"{layer}.ffn", self.feed_forward)
        return y @ self.at["source.weight"].T

    def layers(self, stack: str) -> list[str]:
        """Return the names of a stack's layers."""
        numbers = {int(name.split(".")[2]) for name in self.at if name.startswith(f"{stack}.layers.")}
        return [f"{stack}.layers.{number}" for number in sorted(numbers)]

    def drop(self, x: Tensor) -> Tensor:
        """Apply dropout."""
        return F.dropout(x, self.dropout, self.training)

    def embed(self, ids: Tensor) -> Tensor:
        """Compute token embeddings × √m, plus positions: b n m."""
        table = self.at["source.weight"]
        length, width = ids.shape[1], table.shape[1]
        angles = torch.arange(length)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
        positions = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        return self.drop(table[ids] * math.sqrt(width) + positions)

    def residual(self, x: Tensor, name: str, sublayer: Callable[[Tensor, str], Tensor]) -> Tensor:
        """Compute LayerNorm(x + Dropout(sublayer(x)))."""
        total = x + self.drop(sublayer(x, f"{name}.sublayer"))
        return F.layer_norm(total, total.shape[-1:], self.at[f"{name}.norm.gain"], self.at[f"{name}.norm.bias"])

    def attend(self, x: Tensor, source: Tensor, name: str, mask: Tensor) -> Tensor:
        """Compute multi-head attention from x to `source`: b q m."""

        def split(x: Tensor, which: str) -> Tensor:
            return F.linear(x, self.at[f"{name}.{which}.weight"]).unflatten(-1, (self.heads, -1)).transpose(1, 2)

        query, key, value = split(x, "query"), split(source, "key"), split(source, "value")
        scores = query @ key.mT / math.sqrt(key.shape[-1])
        mixed = scores.masked_fill(~mask, -math.inf).softmax(-1) @ value
        return F.linear(mixed.transpose(1, 2).flatten(2), self.at[f"{name}.output.weight"])

    def feed_forward(self, x: Tensor, name: str) -> Tensor:
        """Compute max(0, x W_1 + b_1) W_2 + b_2."""
        hidden = F.linear(x, self.at[f"{name}.inner.weight"], self.at[f"{name}.inner.bias"]).relu()
        return F.linear(hidden, self.at[f"{name}.outer.weight"], self.at[f"{name}.outer.bias"])
