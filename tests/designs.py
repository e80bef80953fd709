"""Few runs that together contain every pair of components of different kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

Row = Mapping[str, tuple[str, ...]]
"""The components of one run by kind."""
Pair = frozenset[str]


def covering_rows(
    components: Mapping[str, Sequence[str]],
    together: Mapping[str, int],
    refused: Collection[Pair] = (),
) -> list[Row]:
    """Runs that contain each pair of components of different kinds, except the refused pairs.

    A run has ``together[kind]`` different components of a kind, by default one. Names are unique
    over all kinds. The same components always give the same runs.
    """
    slots = [kind for kind in components for _ in range(together.get(kind, 1))]
    kinds = [set(components[kind]) for kind in components]
    missing = {
        frozenset((a, b)) for left, right in combinations(kinds, 2) for a in left for b in right
    } - set(refused)
    uses: Counter[str] = Counter()
    rows: list[Row] = []
    while missing:
        start = min(missing, key=sorted)
        row: dict[str, list[str]] = {kind: [] for kind in components}
        for kind in components:
            row[kind] += sorted(start & set(components[kind]))
        for kind in slots:
            if len(row[kind]) < together.get(kind, 1):
                chosen = [name for names in row.values() for name in names]
                fits = [
                    name
                    for name in components[kind]
                    if name not in chosen
                    and all(frozenset((name, other)) not in refused for other in chosen)
                ]
                if fits:
                    row[kind].append(_best(fits, chosen, missing, uses))
        names = [name for chosen in row.values() for name in chosen]
        missing -= {frozenset(pair) for pair in combinations(names, 2)}
        uses.update(names)
        rows.append({kind: tuple(chosen) for kind, chosen in row.items()})
    return rows


def _best(
    names: Sequence[str], chosen: Sequence[str], missing: Collection[Pair], uses: Counter[str]
) -> str:
    """The name with the most missing pairs; of several, the one that was used least."""

    def gain(name: str) -> tuple[int, int]:
        return sum(frozenset((name, other)) in missing for other in chosen), -uses[name]

    return max(names, key=gain)
