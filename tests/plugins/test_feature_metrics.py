from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo import Metric, MetricValue, Options, RequestError
from ganzoo.evaluation.image_sets import TensorImageSet
from ganzoo.registry import Registry
from ganzoo_feature_metrics import KernelOptions, PrdcOptions
from ganzoo_feature_metrics.frechet import FrechetDistance, frechet_distance
from ganzoo_feature_metrics.kernel import KernelDistance, squared_mmd
from ganzoo_feature_metrics.memorization import Memorization, memorization
from ganzoo_feature_metrics.neighbors import knn_radii, nearest_distances, pairwise_distances
from ganzoo_feature_metrics.prdc import Prdc, prdc

METRICS: Mapping[str, Metric] = {
    "fd": FrechetDistance(Options()),
    "kid": KernelDistance(KernelOptions(subsets=3)),
    "prdc": Prdc(PrdcOptions()),
    "memorization": Memorization(Options()),
}


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mixed(n: int, d: int, seed: int = 0) -> Tensor:
    """Features like those of networks: correlated, of different scales, not negative."""
    mix = normal(d, d, seed=99) / d**0.5
    features: Tensor = (normal(n, d, seed=seed) @ mix + 0.2 * normal(d, seed=98)).relu()
    return features


def sample(features: Tensor) -> TensorImageSet:
    return TensorImageSet(torch.zeros(len(features), 1, 1, 1, dtype=torch.uint8), features=features)


def measure(name: str, real: Tensor, fake: Tensor) -> Mapping[str, MetricValue]:
    return METRICS[name](sample(real), sample(fake))


# --- all --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(("real", "fake"), [(1, 1), (2, 1), (1, 3), (3, 2), (40, 1), (1, 40)])
def test_values_of_few_images_are_finite(name: str, real: int, fake: int) -> None:
    images = normal(real, 8), normal(fake, 8, seed=1)
    if name == "kid" and min(real, fake) == 1:
        with pytest.raises(RequestError, match=f"at least 2 .* not {real} and {fake}"):
            measure(name, *images)
        return
    measured = measure(name, *images)
    assert all(isfinite(number.value) for number in measured.values())
    assert {number.images for number in measured.values()} == {fake}


@pytest.mark.parametrize("name", METRICS)
def test_values_of_equal_images_are_finite(name: str) -> None:
    varied, same, other = normal(30, 8), torch.ones(30, 8), torch.zeros(30, 8)
    for real, fake in ((varied, same), (same, varied), (same, same), (same, other)):
        assert all(isfinite(number.value) for number in measure(name, real, fake).values())


@pytest.mark.parametrize("name", METRICS)
def test_values_do_not_depend_on_global_random_state(name: str) -> None:
    real, fake = normal(30, 8), normal(30, 8, seed=1)
    torch.manual_seed(1)
    before, state = measure(name, real, fake), torch.get_rng_state()
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(2)
    assert measure(name, real, fake) == before


def test_each_metric_has_a_goal() -> None:
    entries = Registry.discover().entries("metric")
    goals = {e.component.name: getattr(e.component, "goal", "") for e in entries}
    expected = {"fd": "low", "kid": "low", "prdc": "high", "memorization": "real"}
    assert {name: goals[name] for name in METRICS} == expected


# --- fd ---------------------------------------------------------------------------------------


def whitened(n: int, d: int, seed: int) -> Tensor:
    """Features, float64, with mean 0 and the identity as covariance."""
    x = normal(n, d, seed=seed).double()
    x = x - x.mean(0)
    found: Tensor = torch.linalg.qr(x).Q * (n - 1) ** 0.5
    return found


def test_fd_equals_the_closed_form_for_commuting_covariances() -> None:
    spread = torch.tensor([1.0, 2.0, 3.0, 0.5], dtype=torch.float64)
    mean = torch.tensor([1.0, 0.0, -2.0, 0.0], dtype=torch.float64)
    x, y = whitened(50, 4, 0), whitened(70, 4, 1) * spread + mean
    expected = 5 + (spread - 1).square().sum().item()  # |mu|^2 + sum (s_x - s_y)^2
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_fd_equals_the_closed_form_for_2_x_2_covariances() -> None:
    a = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, -0.5], [-0.5, 4.0]], dtype=torch.float64)
    x, y = (whitened(60, 2, seed) @ torch.linalg.cholesky(cov).T for seed, cov in enumerate((a, b)))
    # tr (A B)^1/2 = sqrt(tr(A B) + 2 sqrt(det(A B))) for matrices of 2 x 2.
    root = ((a @ b).trace() + 2 * torch.linalg.det(a @ b).sqrt()).sqrt()
    expected = (a.trace() + b.trace() - 2 * root).item()
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-12)


def by_eigenvalues(x: Tensor, y: Tensor) -> float:
    """The distance from covariances and the square root of one of them."""
    s_x, s_y = torch.cov(x.double().T), torch.cov(y.double().T)
    values, vectors = torch.linalg.eigh(s_x)
    root = vectors * values.clamp(min=0).sqrt()
    trace = torch.linalg.eigvalsh(root.T @ s_y @ root).clamp(min=0).sqrt().sum()
    means = (x.double().mean(0) - y.double().mean(0)).square().sum()
    return float(means + s_x.trace() + s_y.trace() - 2 * trace)


def by_nuclear_norm(x: Tensor, y: Tensor) -> float:
    """The distance from the features, for any number of them."""
    a, b = ((f.double() - f.double().mean(0)) / (len(f) - 1) ** 0.5 for f in (x, y))
    means = (x.double().mean(0) - y.double().mean(0)).square().sum()
    traces = a.square().sum() + b.square().sum()
    return float(means + traces - 2 * torch.linalg.matrix_norm(a @ b.T, "nuc"))


@pytest.mark.parametrize(("n", "m", "d"), [(300, 250, 40), (200, 30, 40), (30, 35, 64)])
def test_fd_equals_other_formulas(n: int, m: int, d: int) -> None:
    x, y = mixed(n, d), mixed(m, d, seed=1) + 0.1
    assert frechet_distance(x, y) == pytest.approx(by_nuclear_norm(x, y), rel=1e-9)
    if min(n, m) > d:
        assert frechet_distance(x, y) == pytest.approx(by_eigenvalues(x, y), rel=1e-9)


def test_fd_does_not_depend_on_the_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = mixed(100, 12), mixed(90, 12, seed=1)
    whole = frechet_distance(x, y)
    monkeypatch.setattr("ganzoo_feature_metrics.frechet._CHUNK", 7)
    assert frechet_distance(x, y) == pytest.approx(whole, rel=1e-12)


def test_fd_is_never_negative() -> None:
    found = [frechet_distance(x, x) for x in (mixed(40, 32, seed=seed) for seed in range(30))]
    assert min(found) == 0  # without clipping, rounding would make about half of them negative


@pytest.mark.parametrize("n", [10, 200])
def test_fd_of_equal_features_is_zero(n: int) -> None:
    x = 100 + mixed(n, 32)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_fd_of_single_images_is_their_squared_distance() -> None:
    x, y = normal(1, 8), normal(1, 8, seed=1)
    assert frechet_distance(x, y) == pytest.approx((x - y).square().sum().item(), rel=1e-6)


# --- kid --------------------------------------------------------------------------------------


def slow_kid(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    def k(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    def pairs(z: NDArray[np.float64]) -> float:
        return float(np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]))

    return pairs(x) + pairs(y) - 2 * float(np.mean([k(a, b) for a in x for b in y]))


@pytest.mark.parametrize("chunk", [3, 1000])
def test_kid_equals_a_double_loop(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo_feature_metrics.kernel._CHUNK", chunk)
    x, y = normal(11, 6), normal(8, 6, seed=1) * 2
    assert squared_mmd(x, y) == pytest.approx(
        slow_kid(x.double().numpy(), y.double().numpy()), rel=1e-10
    )


def test_kid_is_unbiased() -> None:
    found = [
        squared_mmd(normal(8, 4, seed=2 * s), normal(6, 4, seed=2 * s + 1)) for s in range(400)
    ]
    mean, spread = float(np.mean(found)), float(np.std(found))
    assert abs(mean) < 4 * spread / 20
    assert min(found) < 0  # it is not clipped


def test_kid_of_subsets_is_near_kid() -> None:
    real, fake = normal(200, 8), normal(150, 8, seed=1) + 0.5
    assert set(KernelDistance(KernelOptions())(sample(real), sample(fake))) == {"kid"}
    options = KernelOptions(subsets=50, subset_size=40)
    measured = KernelDistance(options)(sample(real), sample(fake))
    whole, mean, std = (measured[name].value for name in ("kid", "kid/subsets", "kid/std"))
    assert 0 < std < mean
    assert mean == pytest.approx(whole, abs=4 * std / 50**0.5)


# --- prdc -------------------------------------------------------------------------------------


def slow_prdc(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> dict[str, float]:
    def apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))
        return found

    # Each is its own nearest, so the k-th other is at index k.
    r_x, r_y = np.sort(apart(x, x), axis=1)[:, k], np.sort(apart(y, y), axis=1)[:, k]
    d = apart(x, y)
    return {
        "precision": float((d <= r_x[:, None]).any(0).mean()),
        "recall": float((d <= r_y[None]).any(1).mean()),
        "density": float((d <= r_x[:, None]).sum(0).mean() / k),
        "coverage": float((d.min(1) <= r_x).mean()),
    }


@pytest.mark.parametrize("at_once", [1, 500, 2**23])
@pytest.mark.parametrize("k", [1, 5])
def test_prdc_equals_the_definitions(k: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo_feature_metrics.neighbors._MAX_DISTANCES", at_once)
    real, fake = normal(90, 5), 0.8 * normal(70, 5, seed=1) + 0.3
    expected = slow_prdc(real.double().numpy(), fake.double().numpy(), k)
    assert prdc(real, fake, k) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("offset", [0, 1000])
def test_prdc_counts_the_boundary_for_duplicate_images(k: int, offset: int) -> None:
    real = (normal(40, 6) + offset).repeat(k + 1, 1)
    assert knn_radii(real, k).tolist() == [0] * len(real)
    copies = prdc(real, real[:40], k)
    assert (copies["precision"], copies["recall"], copies["coverage"]) == (1, 1, 1)
    assert copies["density"] == (k + 1) / k
    assert set(prdc(real, real[:40] + 0.01, k).values()) <= {0.0, 1.0}
    assert prdc(real, real[:40] + 0.01, k)["precision"] == 0


def test_prdc_counts_the_boundary_for_points_on_a_line() -> None:
    # By hand: radii (k = 1) of 0, 1, 3, 3 are 1, 1, 0, 0; those of 2, 3, 9 are 1, 1, 6.
    real = torch.tensor([[0.0], [1.0], [3.0], [3.0]])
    fake = torch.tensor([[2.0], [3.0], [9.0]])
    # 2 is in the ball of 1 (on its boundary), 3 in those of the two 3 (whose radius is 0).
    # 1 is in the ball of 2 (on its boundary), the two 3 are in all, and 0 is in none.
    expected = {"precision": 2 / 3, "recall": 3 / 4, "density": 3 / 3, "coverage": 3 / 4}
    assert prdc(real, fake, 1) == pytest.approx(expected, rel=1e-12)


def test_prdc_separates_fidelity_and_diversity() -> None:
    real = torch.cat([normal(100, 4), normal(100, 4, seed=1) + 20])
    one_mode = prdc(real, normal(200, 4, seed=2), k=5)
    assert one_mode["precision"] > 0.8
    assert one_mode["recall"] < 0.55
    assert one_mode["coverage"] < 0.55
    far = prdc(real, real + 100, k=5)
    assert set(far.values()) == {0}


def test_knn_radii_of_few_features_reach_the_farthest() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0]])
    assert knn_radii(line, 1).tolist() == [1, 1, 2]
    assert knn_radii(line, 5).tolist() == [3, 2, 3]
    assert knn_radii(line[:1], 5).tolist() == [0]


def test_distances_are_exact_far_from_zero() -> None:
    x, y = 1e4 + normal(20, 16), 1e4 + normal(30, 16, seed=1)
    (_, found), *_ = pairwise_distances(x, y)
    torch.testing.assert_close(found, torch.cdist(x.double(), y.double()), rtol=1e-9, atol=1e-9)


# --- memorization -----------------------------------------------------------------------------


def test_nearest_distances_exclude_the_image_itself_but_not_equal_ones() -> None:
    x = torch.tensor([[0.0, 0], [3, 4], [3, 4], [9, 4]])
    assert nearest_distances(x).tolist() == [5, 0, 0, 6]
    assert nearest_distances(x[:1]).tolist() == [0]
    assert nearest_distances(torch.tensor([[3.0, 4]]), x).tolist() == [0]


def test_a_generator_of_the_real_distribution_has_few_copies() -> None:
    copies, distance = memorization(normal(1500, 6), normal(1500, 6, seed=1))
    assert copies == pytest.approx(0.01, abs=0.01)
    assert distance == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("real", [20, 500])
def test_a_generator_of_twenty_memorized_images_is_detected(real: int) -> None:
    images = normal(real, 6)
    fake = images[torch.arange(200) % 20] + 0.02 * normal(200, 6, seed=1)
    copies, distance = memorization(images, fake)
    assert copies > 0.9
    assert distance < 0.1


def test_copies_are_detected_if_real_images_have_duplicates() -> None:
    twins = normal(100, 6).repeat(2, 1)
    assert memorization(twins, twins[:50])[0] == 1
    assert memorization(twins, normal(50, 6, seed=1)) == (0, 1)


def test_different_images_are_not_copies() -> None:
    copies, distance = memorization(normal(200, 6), normal(200, 6, seed=1) + 10)
    assert copies == 0
    assert distance > 3


# --- against torch-fidelity -------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(300, 40), (400, 64)])
def test_fd_equals_that_of_torch_fidelity(n: int, d: int) -> None:
    fid: Any = pytest.importorskip("torch_fidelity.metric_fid")
    x, y = mixed(n, d).double(), mixed(n + 50, d, seed=1).double() * 1.1
    theirs = fid.fid_statistics_to_metric(
        fid.fid_features_to_statistics(x), fid.fid_features_to_statistics(y), verbose=False
    )[fid.KEY_METRIC_FID]
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-6)


def test_kid_equals_that_of_torch_fidelity() -> None:
    kid: Any = pytest.importorskip("torch_fidelity.metric_kid")
    x, y = mixed(100, 16).double(), mixed(100, 16, seed=1).double() * 1.1
    theirs = kid.kid_features_to_metric(x, y, kid_subsets=1, kid_subset_size=100, verbose=False)[
        kid.KEY_METRIC_KID_MEAN
    ]
    assert squared_mmd(x, y) == pytest.approx(theirs, rel=1e-9)
