"""Objects whose state is in checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Stateful(Protocol):
    """A loss, method, regularizer or augmentation with a state, such as any ``nn.Module``.

    Checkpoints store the state. An ``nn.Module`` is moved to the device of the run. The state must
    be the same in all processes, which is checked before each checkpoint.
    """

    def state_dict(self) -> Mapping[str, Any]:
        """The whole state, made of tensors and plain Python values only."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> Any:
        """Restore a state that ``state_dict`` returned."""
        ...
