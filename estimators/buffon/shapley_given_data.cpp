#include <buffon/shapley_given_data.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/given_rows.hpp>
#include <buffon/kernels.hpp>
#include <buffon/moments.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>
#include <buffon/ranks.hpp>
#include <buffon/regression.hpp>
#include <buffon/stream.hpp>
#include <buffon/subset_neighbours.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_rows = 100, rows_per_term = 10, most_inputs = 12;
constexpr double distances = 3e10;   // that are looked at, in all
constexpr double met_twice = 2.0 / 3;   // of neighbours on a line, that are each other's; fewer in more dimensions
constexpr double tie =
    1e-3;   // how far apart equal values are put, in normal scores: neighbours are then chosen at random among them

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// (n, d) normal scores of the mean ranks.
Matrix rank_scores(const Matrix& x) {
    Matrix z(x.rows, x.cols);
    const Stream stream{0, 1};
    for (std::int64_t c = 0; c < x.cols; ++c) {
        const RankOrder order = rank_order(x, c);
        for (std::int64_t g = 0; g < order.groups(); ++g) {
            const std::int64_t begin = order.group[at(g)], end = order.group[at(g + 1)];
            const double score = normal_quantile(0.5 * static_cast<double>(begin + end) / static_cast<double>(x.rows));
            for (std::int64_t k = begin; k < end; ++k) {
                const std::int64_t row = order.rows[at(k)];
                z(row, c) = score + (end - begin > 1 ? tie * (stream.uniform(row, c) - 0.5) : 0.0);
            }
        }
    }
    return z;
}

/// Quadratic polynomials: the inputs of each term but the constant as a mask, and its values at the rows, (n, P).
struct Basis {
    std::vector<std::uint64_t> inputs;
    Matrix values;

    explicit Basis(const Matrix& z) {
        const std::int64_t d = z.cols;
        for (std::int64_t a = 0; a < d; ++a)
            for (std::int64_t b = a; b <= d; ++b)
                inputs.push_back(std::uint64_t{1} << a | (b < d ? std::uint64_t{1} << b : 0));   // b = d: the line
        values = Matrix(z.rows, static_cast<std::int64_t>(inputs.size()));
        std::vector<double> mean(inputs.size());
        for (std::int64_t i = 0; i < z.rows; ++i) {
            std::int64_t t = 0;
            for (std::int64_t a = 0; a < d; ++a)
                for (std::int64_t b = a; b <= d; ++b, ++t)
                    mean[at(t)] += (values(i, t) = z(i, a) * (b < d ? z(i, b) : 1)) / static_cast<double>(z.rows);
        }
        for (std::int64_t i = 0; i < z.rows; ++i)
            for (std::int64_t t = 0; t < values.cols; ++t) values(i, t) -= mean[at(t)];
    }
    std::int64_t size() const { return values.cols; }
};

/// Coefficients (P, m) of the polynomial of each subset, 0 for terms with other inputs; and the variance that it takes, (2^d, m).
struct Polynomials {
    std::vector<Matrix> of;
    Matrix taken;

    Polynomials(const Basis& basis, const Matrix& y, std::int64_t d, int threads)
        : of(std::size_t{1} << d), taken(std::int64_t{1} << d, y.cols) {
        CrossProducts sums(basis.size(), y.cols);
        sums.add(basis.values, y);
        parallel::for_each(static_cast<std::int64_t>(of.size()) - 2, threads,
                           [&](std::int64_t k) { fit(basis, sums, static_cast<std::uint64_t>(k + 1)); });
    }

private:
    void fit(const Basis& basis, const CrossProducts& all, std::uint64_t u) {
        std::vector<std::int64_t> terms;
        for (std::int64_t t = 0; t < basis.size(); ++t)
            if ((basis.inputs[at(t)] & ~u) == 0) terms.push_back(t);
        const auto p = static_cast<std::int64_t>(terms.size()), m = all.xt.cols;
        CrossProducts own(p, m);
        own.n = all.n;
        for (std::int64_t a = 0; a < p; ++a) {
            for (std::int64_t b = 0; b < p; ++b) own.xx(a, b) = all.xx(terms[at(a)], terms[at(b)]);
            for (std::int64_t j = 0; j < m; ++j) own.xt(a, j) = all.xt(terms[at(a)], j);
        }
        const Matrix beta = regress(own, 1e-8);
        of[u] = Matrix(m, basis.size());
        for (std::int64_t a = 0; a < p; ++a)
            for (std::int64_t j = 0; j < m; ++j) {
                of[u](j, terms[at(a)]) = beta(a, j);
                taken(static_cast<std::int64_t>(u), j) += beta(a, j) * own.xt(a, j) / static_cast<double>(all.n);
            }
    }
};

/// What one row says of E[E[y | x_u]^2], (2^d, m) each: the mean product with its neighbours of what the polynomial
/// leaves, half of what the
/// two differ by, and its influence, with E[y | x_u] from either neighbour.
struct RowSays {
    Matrix product, difference, even, odd;
};

RowSays says(const SubsetNeighbours& neighbours, const Basis& basis, const Polynomials& polynomials, const Matrix& y,
             std::int64_t row) {
    const auto subsets = static_cast<std::int64_t>(polynomials.of.size());
    const Matrix empty(subsets, y.cols);
    RowSays out{empty, empty, empty, empty};
    neighbours.of(row, [&](std::uint64_t u, std::int64_t even, std::int64_t odd) {
        for (std::int64_t j = 0; j < y.cols; ++j) {
            const auto value = [&](std::int64_t i) {
                return kernels().dot_product(polynomials.of[u].view().row(j).data(), basis.values.view().row(i).data(),
                                             basis.size());
            };
            const double own = value(row), left = y(row, j) - own, a = y(even, j) - value(even), b = y(odd, j) - value(odd);
            const auto k = static_cast<std::int64_t>(u);
            out.product(k, j) = 0.5 * left * (a + b);
            out.difference(k, j) = 0.5 * left * (a - b);
            out.even(k, j) = (2 * y(row, j) - own - a) * (own + a);   // 2 E[y | x] y - E[y | x]^2
            out.odd(k, j) = (2 * y(row, j) - own - b) * (own + b);
        }
    });
    for (std::int64_t j = 0; j < y.cols; ++j) out.even(subsets - 1, j) = out.odd(subsets - 1, j) = y(row, j) * y(row, j);
    return out;
}

/// Of the rows that looked, (queries, d m).
struct Influences {
    Matrix even, odd, difference;

    /// Of the effects: the noise of a neighbour is in one influence only, so their covariance is without it; the noise
    /// of products has
    /// that of the differences, and two rows that are each other's neighbour have the same one.
    Matrix covariance() const {
        const auto n = static_cast<double>(even.rows);
        Matrix both(even.rows, 2 * even.cols);
        for (std::int64_t q = 0; q < even.rows; ++q) {
            std::ranges::copy(even.view().row(q), both.view().row(q).begin());
            std::ranges::copy(odd.view().row(q), both.view().row(q).begin() + even.cols);
        }
        const Matrix halves = Moments(both).covariance(), noise = Moments(difference).covariance();
        Matrix out(even.cols, even.cols);
        for (std::int64_t a = 0; a < out.rows; ++a)
            for (std::int64_t b = 0; b < out.cols; ++b)
                out(a, b) = (0.5 * (halves(a, out.cols + b) + halves(b, out.cols + a)) + (1 + met_twice) * noise(a, b)) / n;
        return nearest_covariance(out);
    }
};

/// Shapley's weighted differences over the subsets of a function (2^d).
std::vector<double> shared_out(const Matrix& v, std::int64_t column, std::int64_t d) {
    std::vector<double> weight, out(at(d));
    double binomial = 1;   // (d - 1 over k)
    for (std::int64_t k = 0; k < d; ++k) {
        weight.push_back(1 / (static_cast<double>(d) * binomial));
        binomial = binomial * static_cast<double>(d - 1 - k) / static_cast<double>(k + 1);
    }
    for (std::uint64_t u = 0; u < static_cast<std::uint64_t>(v.rows); ++u)
        for (std::int64_t i = 0; i < d; ++i)
            if (!(u >> i & 1))
                out[at(i)] += weight[static_cast<std::size_t>(std::popcount(u))] *
                              (v(static_cast<std::int64_t>(u | std::uint64_t{1} << i), column) -
                               v(static_cast<std::int64_t>(u), column));
    return out;
}

}  // namespace

Estimate shapley_given_data(const Sample& sample, const ShapleyGivenDataOptions& options) {
    const std::int64_t d = sample.x.cols, m = sample.y.cols, terms = d + d * (d + 1) / 2,
                       subsets = std::int64_t{1} << std::min(d, most_inputs);
    require(d >= 2 && d <= most_inputs, "shapley_given_data: the sample must have 2 to ", most_inputs,
            " inputs (all of their subsets are looked at), got ", d);
    const GivenRows rows("shapley_given_data", sample, std::max(fewest_rows, rows_per_term * terms), options.threads);
    const std::int64_t n = rows.y.rows;
    const auto queries = std::clamp(static_cast<std::int64_t>(distances / static_cast<double>(n * subsets)),
                                    std::min(n, fewest_rows), n);
    const Matrix z = rank_scores(rows.x);
    const Basis basis(z);
    const Polynomials polynomials(basis, rows.y, d, options.threads);
    const SubsetNeighbours neighbours(z);

    std::vector<Matrix> product(at(queries));
    Influences influence{Matrix(queries, d * m), Matrix(queries, d * m), Matrix(queries, d * m)};
    parallel::for_each(queries, options.threads, [&](std::int64_t q) {
        RowSays said = says(neighbours, basis, polynomials, rows.y, q * n / queries);
        for (std::int64_t j = 0; j < m; ++j)
            for (const auto& [from, to] : {std::pair(&said.even, &influence.even), std::pair(&said.odd, &influence.odd),
                                           std::pair(&said.difference, &influence.difference)}) {
                const std::vector<double> shares = shared_out(*from, j, d);
                for (std::int64_t i = 0; i < d; ++i) (*to)(q, i * m + j) = shares[at(i)];
            }
        product[at(q)] = std::move(said.product);
    });
    Matrix v = polynomials.taken;   // V(u)
    std::vector<double> left(at(m));
    for (std::int64_t j = 0; j < m; ++j) {
        for (std::int64_t u = 1; u < subsets - 1; ++u) {
            double mean = 0;
            for (const Matrix& p : product) mean += p(u, j) / static_cast<double>(queries);
            v(u, j) += mean + 1 / static_cast<double>(n);   // of the centring
            left[at(j)] += std::abs(mean) / static_cast<double>(subsets - 2);
        }
        v(subsets - 1, j) = 1;
    }
    Estimate e;
    e.value.resize(at(d * m));
    for (std::int64_t j = 0; j < m; ++j) {
        const std::vector<double> shares = shared_out(v, j, d);
        for (std::int64_t i = 0; i < d; ++i) e.value[at(i * m + j)] = shares[at(i)];
    }
    for (std::int64_t q = 0; q < queries; ++q)
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < m; ++j) {
                const double of_variance = e.value[at(i * m + j)] * rows.y(q * n / queries, j) * rows.y(q * n / queries, j);
                influence.even(q, i * m + j) -= of_variance;
                influence.odd(q, i * m + j) -= of_variance;
            }
    e.covariance = influence.covariance();
    rows.describe(sample, e);
    e.diagnostics["queries"] = queries;
    e.diagnostics["left"] = left;
    judge_mean(influence.even, queries, e);
    return e;
}

}  // namespace buffon
