"""Optimal assignment in Python beside SciPy: shapes, batches, groups, unequal sizes, dtypes, memory orders, errors."""
import itertools

import numpy as np
import pytest

import buffon as bf

scipy_optimize = pytest.importorskip("scipy.optimize")
RNG = np.random.default_rng(20261126)


def clouds(m, n, d):
    x, y = RNG.standard_normal((m, d)), 1 + 0.5 * RNG.standard_normal((n, d))
    return ((x[:, None] - y) ** 2).sum(-1)


KINDS = {
    "uniform": lambda m, n: RNG.uniform(-1, 1, (m, n)),
    "ties": lambda m, n: RNG.integers(-5, 6, (m, n)).astype(float),
    "two dimensions": lambda m, n: clouds(m, n, 2),
    "many dimensions": lambda m, n: clouds(m, n, 24),
    "products": lambda m, n: np.outer(np.arange(m), np.arange(n)).astype(float),
    "offset": lambda m, n: 1e9 + RNG.random((m, n)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (4, 9), (9, 4), (20, 300), (150, 150), (300, 260), (600, 600)])
def test_costs_are_those_of_scipy_and_duals_certify_them(kind, shape):
    c = KINDS[kind](*shape)
    a = bf.assign(c)
    i, j = scipy_optimize.linear_sum_assignment(c)
    scale = max(1.0, np.abs(c).max() * min(shape))
    assert abs(a.cost - c[i, j].sum()) <= 1e-12 * scale
    rows = np.flatnonzero(a.columns >= 0)
    assert len(rows) == min(shape) and np.array_equal(a.rows[a.columns[rows]], rows)
    assert abs(c[rows, a.columns[rows]].sum() - a.cost) <= 1e-12 * scale
    assert (c - a.u[:, None] - a.v).min() >= -1e-15 * scale
    assert abs(a.u.sum() + a.v.sum() - a.cost) <= 1e-13 * scale
    assert np.all(a.u[a.columns < 0] == 0) and np.all(a.v[a.rows < 0] == 0)


def test_a_batch_and_its_groups_are_so_many_problems():
    c = RNG.random((2, 3, 12, 5))
    a, g = bf.assign(c, gap=True), bf.assign(c, groups=3, gap=True)
    assert (
        a.columns.shape == a.u.shape == (2, 3, 12)
        and a.rows.shape == a.v.shape == (2, 3, 5)
        and a.cost.shape == a.gap.shape == (2, 3)
    )
    assert g.columns.shape == g.u.shape == (2, 3, 12) and g.rows.shape == g.v.shape == (2, 3, 3, 5) and g.cost.shape == (2, 3, 3)
    for b, k in itertools.product(np.ndindex(2, 3), range(3)):
        whole, part = bf.assign(c[b], gap=True), bf.assign(c[b][4 * k:4 * k + 4])
        assert np.array_equal(a.columns[b], whole.columns) and a.cost[b] == whole.cost and a.gap[b] == whole.gap
        assert np.array_equal(g.columns[b][4 * k:4 * k + 4], part.columns) and g.cost[b][k] == part.cost
        assert np.array_equal(g.u[b][4 * k:4 * k + 4], part.u) and np.array_equal(g.v[b][k], part.v)
        assert np.array_equal(g.rows[b][k], np.where(part.rows < 0, -1, part.rows + 4 * k))
    assert (np.sum(g.rows >= 0, axis=-1) == 4).all() and (np.bincount(a.columns[a.columns >= 0]) == 6).all()


def test_gains_are_maximised_as_in_scipy():
    gains = RNG.uniform(-1, 1, (40, 60))
    gains[3, :10] = -np.inf
    with pytest.raises(ValueError, match="of the negated gains: -inf is what forbids a pair here"):
        bf.assign([[1.0, np.inf]], maximize=True)
    a = bf.assign(gains, maximize=True, gap=True)
    i, j = scipy_optimize.linear_sum_assignment(gains, maximize=True)
    assert np.array_equal(a.columns, j) and abs(a.cost - gains[i, j].sum()) <= 1e-12 and a.gap > 0
    assert (a.u[:, None] + a.v - gains).min() >= -1e-14 and abs(a.u.sum() + a.v.sum() - a.cost) <= 1e-12
    two = bf.assign([gains, gains[4:9, :7]], maximize=True)
    assert two.cost[0] == a.cost and np.array_equal(two.u[0], a.u)
    assert bf.assign(gains.astype("f4")[None], maximize=True).cost.shape == (1,)


def test_tables_of_unequal_sizes_give_lists():
    tables = [RNG.random((300, m)) for m in (7, 0, 20)] + [RNG.random((3, 8)).astype(np.float32)]
    a = bf.assign(tables, gap=True)
    assert a.cost.shape == a.gap.shape == (4,) and a.cost[1] == 0 and a.gap[1] == np.inf
    for b, c in enumerate(tables):
        alone = bf.assign(c)
        assert np.array_equal(a.columns[b], alone.columns) and np.array_equal(a.rows[b], alone.rows)
        assert np.array_equal(a.u[b], alone.u) and np.array_equal(a.v[b], alone.v) and a.cost[b] == alone.cost
    g = bf.assign([c[:2] for c in tables[2:]], groups=2)
    assert [r.shape for r in g.rows] == [(2, 20), (2, 8)] and g.cost.shape == (2, 2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
def test_memory_order_and_kind_of_number_do_not_matter(dtype):
    c = RNG.integers(0, 50, (40, 30)).astype(dtype)
    wide = np.zeros((80, 90), dtype)
    wide[::2, ::-3] = c
    expected = bf.assign(c.astype(float))
    for same in (c, np.asfortranarray(c), wide[::2, ::-3], c.T.copy().T, c.tolist()):
        a = bf.assign(same)
        assert np.array_equal(a.columns, expected.columns) and a.cost == expected.cost
        assert np.array_equal(a.u, expected.u) and np.array_equal(a.v, expected.v)
    assert bf.assign(c.T).cost == expected.cost


def test_the_gap_is_that_of_murtys_second_assignment():
    for c in (clouds(12, 12, 2), RNG.random((9, 15)), RNG.integers(0, 30, (15, 11)).astype(float)):
        a = bf.assign(c, gap=True)
        best = np.inf   # every other assignment lacks one of the pairs
        for i in np.flatnonzero(a.columns >= 0):
            without = c.copy()
            without[i, a.columns[i]] = 1e6
            r, s = scipy_optimize.linear_sum_assignment(without)
            best = min(best, without[r, s].sum())
        assert a.gap == pytest.approx(best - a.cost, abs=1e-12)
    assert np.isnan(bf.assign(c).gap)


def test_threads_share_a_batch_and_change_no_bit():
    c = np.stack([clouds(30, 60, 2) for _ in range(64)])
    one, three = bf.assign(c, threads=1, gap=True), bf.assign(c, threads=3, gap=True)
    for name in ("columns", "rows", "cost", "u", "v", "gap"):
        assert np.array_equal(getattr(one, name), getattr(three, name)), name


def test_forbidden_pairs_are_never_taken():
    c = RNG.random((30, 30))
    c[RNG.random((30, 30)) < 0.7] = np.inf
    np.fill_diagonal(c, 1.0)
    a = bf.assign(c)
    i, j = scipy_optimize.linear_sum_assignment(c)
    assert a.cost == pytest.approx(c[i, j].sum(), abs=1e-12) and np.isfinite(c[np.arange(30), a.columns]).all()


@pytest.mark.parametrize("costs, options, message", [
    (np.zeros(3), {}, r"costs must have shape \(rows, columns\) or \(..., rows, columns\), got \(3,\)"),
    ([[1.0, np.nan]], {}, "got nan at row 0, column 1$"),
    ([[[1.0]], [[-np.inf]]], {}, "got -inf at row 0, column 0 of problem 1"),
    (np.full((2, 2), np.inf), {}, r"no assignment without a forbidden pair \(inf\) exists: row 0 has no column that is allowed"),
    ([[1, np.inf], [2, np.inf]], {}, r"no assignment without a forbidden pair \(inf\) exists: rows "
                                     r"0, 1 have 1 allowed column together"),
    (np.zeros((3, 2)), {"groups": 2}, "groups must divide the number of rows, 3, got 2"),
    (np.zeros((3, 2)), {"groups": 0}, "groups must be at least 1, got 0"),
    (np.zeros((2, 2, 2)), {"threads": -1}, "threads must not be negative, got -1"),
])
def test_bad_input_is_named(costs, options, message):
    with pytest.raises(ValueError, match="assign: .*" + message):
        bf.assign(costs, **options)


def test_what_is_no_table_is_a_type_error():
    with pytest.raises(TypeError, match="assign: costs must be an array of real numbers, got dtype complex128"):
        bf.assign(np.zeros((2, 2), complex))
