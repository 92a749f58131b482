#include <buffon/polynomial_chaos.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t most_candidates = 400;
constexpr std::int64_t most_numbers = 1 << 24;   // of all candidates' columns: 128 MB
constexpr std::int64_t patience = 20;            // steps without a smaller leave-one-out error
constexpr double rounding = 1e-24;               // of the sum of squares: nothing but rounding errors is left
constexpr double dependent = 1e-8;               // of a column's square, that the chosen ones leave of it

double dot(const double* a, const double* b, std::int64_t n) { return kernels().dot_product(a, b, n); }
double& at(std::vector<double>& v, std::int64_t i) { return v[static_cast<std::size_t>(i)]; }
template <class T>
T at(const std::vector<T>& v, std::int64_t i) {
    return v[static_cast<std::size_t>(i)];
}

/// Columns (P, n) of terms at the rows, and their products.
struct Columns {
    std::vector<Term> terms;
    std::vector<Chain> chains;
    Matrix psi, gram, products;   // (P, n), (P, P), (P, m)

    Columns(const std::vector<Family1d>& families, ConstView z, ConstView y, int threads) {
        const std::int64_t n = z.rows, most = std::clamp<std::int64_t>(most_numbers / n, 2, std::min(most_candidates, n));
        Ladder ladder = polynomial_ladder(families, std::vector<bool>(families.size(), true), most);
        terms = std::move(ladder.terms);
        chains = std::move(ladder.chains);
        psi = Matrix(size(), n, 1.0);
        std::vector<Matrix> powers;
        for (std::int64_t c = 0; c < z.cols; ++c) powers.push_back(powers_of(families[static_cast<std::size_t>(c)], z, c));
        parallel::for_each(size(), threads, [&](std::int64_t t) {
            for (const Factor& f : terms[static_cast<std::size_t>(t)]) {
                const double* power = &powers[static_cast<std::size_t>(f.coordinate)](f.degree, 0);
                for (std::int64_t i = 0; i < n; ++i) psi(t, i) *= power[i];
            }
        });
        multiply(y, threads);
    }
    /// Of some of the terms at some of the rows.
    Columns(const Columns& all, const std::vector<std::int64_t>& of, const std::vector<std::int64_t>& rows, ConstView y)
        : psi(static_cast<std::int64_t>(of.size()), y.rows) {
        for (std::int64_t t = 0; t < psi.rows; ++t) {
            terms.push_back(all.terms[static_cast<std::size_t>(of[static_cast<std::size_t>(t)])]);
            for (std::int64_t i = 0; i < psi.cols; ++i)
                psi(t, i) = all.psi(of[static_cast<std::size_t>(t)], rows[static_cast<std::size_t>(i)]);
        }
        multiply(y, 1);
    }
    std::int64_t size() const { return static_cast<std::int64_t>(terms.size()); }

private:
    void multiply(ConstView y, int threads) {
        const std::int64_t n = y.rows;
        gram = Matrix(size(), size());
        products = Matrix(size(), y.cols);
        Matrix by_output(y.cols, n);
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < y.cols; ++j) by_output(j, i) = y(i, j);
        parallel::for_each(size(), threads, [&](std::int64_t a) {
            for (std::int64_t b = 0; b <= a; ++b) gram(a, b) = dot(&psi(a, 0), &psi(b, 0), n);
            for (std::int64_t j = 0; j < y.cols; ++j) products(a, j) = dot(&psi(a, 0), &by_output(j, 0), n);
        });
        for (std::int64_t a = 0; a < size(); ++a)
            for (std::int64_t b = 0; b < a; ++b) gram(b, a) = gram(a, b);
    }
    /// (degree + 1, n)
    static Matrix powers_of(Family1d family, ConstView z, std::int64_t c) {
        std::vector<double> x(static_cast<std::size_t>(z.rows));
        for (std::int64_t i = 0; i < z.rows; ++i) at(x, i) = family == Family1d::hermite ? z(i, c) : normal_cdf(z(i, c));
        Matrix out(most_degree(family) + 1, z.rows);
        polynomials(family, most_degree(family), x.data(), z.rows, out.data.data());
        return out;
    }
};

/// Chosen columns made orthonormal one by one, and what they leave of y.
class Pursuit {
public:
    Pursuit(const Columns& columns, ConstView y, std::int64_t output)
        : columns_(&columns), n_(y.rows), hat_(static_cast<std::size_t>(n_)) {
        for (std::int64_t i = 0; i < n_; ++i) residual_.push_back(y(i, output));
    }
    /// Takes in term c; `before` (t) are the products of its column with the orthonormal ones, `length` what they leave of it.
    void add(std::int64_t c, const std::vector<double>& before, double length) {
        std::vector<double> q(&columns_->psi.data[static_cast<std::size_t>(c * n_)],
                              &columns_->psi.data[static_cast<std::size_t>(c * n_)] + n_);
        for (std::size_t a = 0; a < q_.size(); ++a)
            for (std::int64_t i = 0; i < n_; ++i) at(q, i) -= before[a] * at(q_[a], i);
        for (double& v : q) v /= length;
        const double z = dot(q.data(), residual_.data(), n_);
        for (std::int64_t i = 0; i < n_; ++i) {
            at(residual_, i) -= z * at(q, i);
            at(hat_, i) += at(q, i) * at(q, i);
        }
        q_.push_back(std::move(q));
        z_.push_back(z);
        chosen_.push_back(c);
        r_.push_back(before);
        r_.back().push_back(length);
    }
    std::int64_t size() const { return static_cast<std::int64_t>(q_.size()); }
    const std::vector<std::int64_t>& chosen() const { return chosen_; }
    double last_score() const { return z_.back(); }
    double squares() const { return dot(residual_.data(), residual_.data(), n_); }
    double left_out(std::int64_t i) const { return at(residual_, i) / std::max(1 - at(hat_, i), 1e-12); }
    double leave_one_out() const {
        double sum = 0;
        for (std::int64_t i = 0; i < n_; ++i) sum += left_out(i) * left_out(i);
        return sum / static_cast<double>(n_);
    }
    std::vector<double> coefficients() const;

private:
    const Columns* columns_;
    std::int64_t n_;
    std::vector<double> residual_, hat_;
    std::vector<std::vector<double>> q_, r_;   // orthonormal columns; column t of the triangle R (t + 1)
    std::vector<double> z_;                    // products of q and y
    std::vector<std::int64_t> chosen_;
};

/// v <- R^-1 v
void solve(const std::vector<std::vector<double>>& r, std::vector<double>& v) {
    for (auto t = static_cast<std::int64_t>(r.size()) - 1; t >= 0; --t) {
        const std::vector<double>& column = r[static_cast<std::size_t>(t)];
        at(v, t) /= column.back();
        for (std::int64_t a = 0; a < t; ++a) at(v, a) -= at(column, a) * at(v, t);
    }
}

std::vector<double> Pursuit::coefficients() const {
    std::vector<double> c = z_;
    solve(r_, c);
    return c;
}

/// What all candidates have left, and what it has to do with what is left of y.
class Candidates {
public:
    Candidates(const Columns& columns, std::vector<std::int64_t> of, std::int64_t output)
        : columns_(&columns), of_(std::move(of)), before_(of_.size()) {
        for (const std::int64_t c : of_) {
            square_.push_back(columns.gram(c, c));
            score_.push_back(columns.products(c, output));
        }
    }
    /// The one that takes most; -1: none is left.
    std::int64_t best() const {
        std::int64_t best = -1;
        double most = 0;
        for (std::int64_t k = 0; k < size(); ++k) {
            if (!(at(square_, k) > dependent * columns_->gram(of(k), of(k)))) continue;
            if (const double takes = at(score_, k) * at(score_, k) / at(square_, k); takes > most) {
                most = takes;
                best = k;
            }
        }
        return best;
    }
    double takes(std::int64_t k) const { return at(score_, k) * at(score_, k) / at(square_, k); }
    void move_to(std::int64_t k, Pursuit& pursuit) {
        const double length = std::sqrt(at(square_, k));
        const std::vector<double> own = before_[static_cast<std::size_t>(k)];
        pursuit.add(of(k), own, length);
        for (std::int64_t o = 0; o < size(); ++o) {
            std::vector<double>& other = before_[static_cast<std::size_t>(o)];
            const double product =
                (columns_->gram(of(k), of(o)) - dot(own.data(), other.data(), static_cast<std::int64_t>(own.size()))) /
                length;
            other.push_back(product);
            at(square_, o) -= product * product;
            at(score_, o) -= product * pursuit.last_score();
        }
        at(square_, k) = 0;
    }
    std::int64_t size() const { return static_cast<std::int64_t>(of_.size()); }

private:
    std::int64_t of(std::int64_t k) const { return of_[static_cast<std::size_t>(k)]; }

    const Columns* columns_;
    std::vector<std::int64_t> of_;
    std::vector<std::vector<double>> before_;   // products with the orthonormal columns so far
    std::vector<double> square_, score_;        // (P)
};

/// The best terms among the candidates, in the order they came.
struct Found {
    std::vector<std::int64_t> terms;
    double leave_one_out = std::numeric_limits<double>::infinity();
};

/// Steps until none takes more than the largest of so many terms without effect would (2 log P of a residual variance),
/// or most rows are used.
Found pursue(const Columns& columns, const std::vector<std::int64_t>& of, ConstView y, std::int64_t output) {
    Pursuit pursuit(columns, y, output);
    Candidates candidates(columns, of, output);
    candidates.move_to(0, pursuit);   // the constant
    Found found{pursuit.chosen(), pursuit.leave_one_out()};
    const double nothing = rounding * pursuit.squares(), chance = 2 * std::log(static_cast<double>(candidates.size()));
    for (std::int64_t since = 0; since < patience && pursuit.size() < y.rows / 2 && pursuit.squares() > nothing;) {
        const std::int64_t next = candidates.best();
        if (next < 0 ||
            !(candidates.takes(next) > chance * pursuit.squares() / static_cast<double>(y.rows - pursuit.size())))
            break;
        candidates.move_to(next, pursuit);
        const double error = pursuit.leave_one_out();
        ++since;
        if (!(error < found.leave_one_out)) continue;
        found = {pursuit.chosen(), error};
        since = 0;
    }
    return found;
}

/// Coefficients of these terms.
std::vector<double> fitted(const Columns& columns, const std::vector<std::int64_t>& terms, ConstView y) {
    Pursuit pursuit(columns, y, 0);
    Candidates candidates(columns, terms, 0);
    for (std::int64_t k = 0; k < candidates.size(); ++k) candidates.move_to(k, pursuit);
    return pursuit.coefficients();
}

/// Terms chosen among the candidates and fitted without the rows of one fold.
HeldOut held_out(const Columns& all, const std::vector<std::int64_t>& of, ConstView y, std::int64_t output, std::int64_t fold) {
    HeldOut out;
    std::vector<std::int64_t> rest;
    for (std::int64_t i = 0; i < y.rows; ++i) (i % chaos_folds == fold ? out.rows : rest).push_back(i);
    Matrix seen(static_cast<std::int64_t>(rest.size()), 1);
    for (std::int64_t i = 0; i < seen.rows; ++i) seen(i, 0) = y(rest[static_cast<std::size_t>(i)], output);
    const Columns columns(all, of, rest, seen);
    std::vector<std::int64_t> every(of.size());
    std::iota(every.begin(), every.end(), 0);
    const std::vector<std::int64_t> chosen = pursue(columns, every, seen, 0).terms;
    out.coefficients = fitted(columns, chosen, seen);
    out.psi = Matrix(static_cast<std::int64_t>(chosen.size()), static_cast<std::int64_t>(out.rows.size()));
    for (const std::int64_t row : out.rows) out.residual.push_back(y(row, output));
    for (std::int64_t t = 0; t < out.psi.rows; ++t) {
        const std::int64_t term = at(of, chosen[static_cast<std::size_t>(t)]);
        out.terms.push_back(all.terms[static_cast<std::size_t>(term)]);
        for (std::int64_t i = 0; i < out.psi.cols; ++i) {
            out.psi(t, i) = all.psi(term, out.rows[static_cast<std::size_t>(i)]);
            at(out.residual, i) -= at(out.coefficients, t) * out.psi(t, i);
        }
    }
    return out;
}

/// Of each chain the largest set with ten rows for each term, and the largest of all.
std::vector<std::vector<std::int64_t>> sets_of(const std::vector<Chain>& chains, std::int64_t rows) {
    std::vector<std::vector<std::int64_t>> out;
    for (const Chain& chain : chains) {
        std::int64_t few = 0;
        for (const std::int64_t size : chain.sizes)
            if (size <= rows / 10) few = size;
        if (few > 1 && few < chain.sizes.back()) out.emplace_back(chain.order.begin(), chain.order.begin() + few);
        out.emplace_back(chain.order.begin(), chain.order.begin() + chain.sizes.back());
    }
    return out;
}

}  // namespace

std::vector<ChaosFit> fit_chaos(const std::vector<Family1d>& families, ConstView z, ConstView y, int threads) {
    std::vector<Columns> spaces;
    spaces.emplace_back(families, z, y, threads);
    if (std::ranges::count(families, Family1d::hermite) > 0)
        spaces.emplace_back(std::vector<Family1d>(families.size(), Family1d::legendre), z, y, threads);
    struct Job {
        std::size_t space;
        std::vector<std::int64_t> set;
    };
    std::vector<Job> jobs;
    for (std::size_t s = 0; s < spaces.size(); ++s)
        for (auto& set : sets_of(spaces[s].chains, z.rows)) jobs.push_back({s, std::move(set)});
    const auto each = static_cast<std::int64_t>(jobs.size());
    std::vector<Found> found(static_cast<std::size_t>(each * y.cols));
    parallel::for_each(each * y.cols, threads, [&](std::int64_t k) {
        const Job& job = jobs[static_cast<std::size_t>(k % each)];
        found[static_cast<std::size_t>(k)] = pursue(spaces[job.space], job.set, y, k / each);
    });
    std::vector<std::int64_t> best;   // of each output
    std::vector<ChaosFit> out;
    for (std::int64_t j = 0; j < y.cols; ++j) {
        best.push_back(j * each);
        for (std::int64_t k = j * each; k < (j + 1) * each; ++k)
            if (found[static_cast<std::size_t>(k)].leave_one_out <
                found[static_cast<std::size_t>(best.back())].leave_one_out)
                best.back() = k;
        const Found& chosen = found[static_cast<std::size_t>(best.back())];
        out.push_back({static_cast<std::int64_t>(chosen.terms.size()), chosen.leave_one_out,
                       std::vector<HeldOut>(static_cast<std::size_t>(chaos_folds))});
    }
    parallel::for_each(y.cols * chaos_folds, threads, [&](std::int64_t k) {
        const std::int64_t j = k / chaos_folds, fold = k % chaos_folds;
        const Job& job = jobs[static_cast<std::size_t>(best[static_cast<std::size_t>(j)] - j * each)];
        out[static_cast<std::size_t>(j)].folds[static_cast<std::size_t>(fold)] = held_out(spaces[job.space], job.set, y, j, fold);
    });
    return out;
}

}  // namespace buffon
