#include <buffon/cross_fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double ridge = 1e-10;       // of the number of rows, on the diagonal: far below what the noise of a fit leaves
constexpr double significance = 3;    // standard errors below which a coefficient is pruned
constexpr double rows_per_term = 10;

double dot(const double* a, const double* b, std::int64_t n) { return kernels().dot_product(a, b, n); }

/// L of the leading part of a symmetric matrix that is positive definite beyond rounding. Column by column: products that do not
/// wait for each other.
Matrix factor(const Matrix& a) {
    Matrix l(a.rows, a.cols);
    for (std::int64_t j = 0; j < a.rows; ++j) {
        const double* row = &l(j, 0);
        const double square = a(j, j) - dot(row, row, j);
        if (!(square > 1e-14 * a(j, j))) {
            l.rows = j;
            break;
        }
        l(j, j) = std::sqrt(square);
        for (std::int64_t i = j + 1; i < a.rows; ++i) l(i, j) = (a(i, j) - dot(&l(i, 0), row, j)) / l(j, j);
    }
    return l;
}

/// Row a holds column a of L^-1: of every leading part of L at once.
Matrix inverse_columns(const Matrix& l) {
    Matrix m(l.rows, l.cols);
    for (std::int64_t j = 0; j < l.rows; ++j) {
        m(j, j) = 1 / l(j, j);
        for (std::int64_t a = 0; a < j; ++a)
            m(a, j) = -dot(&l.data[static_cast<std::size_t>(j * l.cols + a)], &m(a, a), j - a) / l(j, j);
    }
    return m;
}

/// The sums of some folds, their terms in another order.
struct Ordered {
    double n = 0;
    Matrix gram;
    Matrix products;   // (m, k): response by response
    std::vector<double> squares;

    Ordered(const FitSums& s, const std::vector<std::int64_t>& order, std::int64_t k)
        : n(s.n), gram(k, k), products(s.products.cols, k), squares(s.squares) {
        for (std::int64_t a = 0; a < k; ++a) {
            const std::int64_t from = order[static_cast<std::size_t>(a)];
            for (std::int64_t b = 0; b < k; ++b) gram(a, b) = s.gram(from, order[static_cast<std::size_t>(b)]);
            for (std::int64_t j = 0; j < products.rows; ++j) products(j, a) = s.products(from, j);
        }
    }
    void merge(const Ordered& other) {
        n += other.n;
        for (std::size_t i = 0; i < gram.data.size(); ++i) gram.data[i] += other.gram.data[i];
        for (std::size_t i = 0; i < products.data.size(); ++i) products.data[i] += other.products.data[i];
        for (std::size_t i = 0; i < squares.size(); ++i) squares[i] += other.squares[i];
    }
    void add_ridge() {
        for (std::int64_t a = 0; a < gram.rows; ++a) gram(a, a) += ridge * n;
    }
};

/// A fit of one response: positions in the chain, ascending, and coefficients.
struct Fit {
    std::vector<std::int64_t> at;
    std::vector<double> c;
};

/// Sum of (f_j - c' psi)^2 over the rows of a fold.
double squared_error(const FitSums& s, std::int64_t j, const std::vector<std::int64_t>& order, const Fit& fit) {
    std::vector<double> c(static_cast<std::size_t>(s.gram.cols));
    double linear = 0, quadratic = 0;
    for (std::size_t k = 0; k < fit.at.size(); ++k)
        c[static_cast<std::size_t>(order[static_cast<std::size_t>(fit.at[k])])] = fit.c[k];
    for (std::size_t k = 0; k < fit.at.size(); ++k) {
        const std::int64_t term = order[static_cast<std::size_t>(fit.at[k])];
        linear += fit.c[k] * s.products(term, j);
        quadratic += fit.c[k] * dot(&s.gram.data[static_cast<std::size_t>(term * s.gram.cols)], c.data(), s.gram.cols);
    }
    return s.squares[static_cast<std::size_t>(j)] - 2 * linear + quadratic;
}

/// All nested fits of a chain from one factorisation.
class ChainFit {
public:
    /// `sums` with its ridge.
    explicit ChainFit(const Ordered& sums)
        : sums_(sums), inverse_(inverse_columns(factor(sums.gram))), variance_(static_cast<std::size_t>(inverse_.rows)),
          scores_(sums.products.rows, inverse_.rows) {
        for (std::int64_t j = 0; j < scores_.rows; ++j)
            for (std::int64_t a = 0; a < inverse_.rows; ++a)
                for (std::int64_t k = a; k < inverse_.rows; ++k) scores_(j, k) += inverse_(a, k) * sums.products(j, a);
    }
    std::int64_t most() const { return inverse_.rows; }
    /// Turns to the first k terms, k growing from call to call.
    void grow(std::int64_t k) {
        for (std::int64_t a = 0; a < k; ++a) {
            const std::int64_t from = std::max(a, size_);
            variance_[static_cast<std::size_t>(a)] += dot(&inverse_(a, from), &inverse_(a, from), k - from);
        }
        size_ = k;
    }
    Fit whole(std::int64_t j) const {
        Fit fit;
        for (std::int64_t a = 0; a < size_; ++a) {
            fit.at.push_back(a);
            fit.c.push_back(dot(&inverse_.data[static_cast<std::size_t>(a * inverse_.cols + a)],
                                &scores_.data[static_cast<std::size_t>(j * scores_.cols + a)], size_ - a));
        }
        return fit;
    }
    /// The terms that exceed three standard errors, fitted again; the same fit where all do.
    Fit pruned(std::int64_t j, const Fit& whole) const {
        const double* z = scores_.data.data() + j * scores_.cols;
        const double left = std::max(sums_.squares[static_cast<std::size_t>(j)] - dot(z, z, size_), 0.0);
        const double noise = left / std::max(sums_.n - static_cast<double>(size_), 1.0);
        Fit fit;
        for (std::int64_t a = 0; a < size_; ++a) {
            const double c = whole.c[static_cast<std::size_t>(a)];
            if (a == 0 || c * c > significance * significance * noise * variance_[static_cast<std::size_t>(a)])
                fit.at.push_back(a);
        }
        if (fit.at.size() == whole.at.size()) return whole;
        return refitted(j, std::move(fit));
    }

private:
    Fit refitted(std::int64_t j, Fit fit) const {
        const auto k = static_cast<std::int64_t>(fit.at.size());
        Matrix gram(k, k);
        for (std::int64_t a = 0; a < k; ++a)
            for (std::int64_t b = 0; b <= a; ++b)
                gram(a, b) = sums_.gram(fit.at[static_cast<std::size_t>(a)], fit.at[static_cast<std::size_t>(b)]);
        const Matrix l = factor(gram);
        fit.at.resize(static_cast<std::size_t>(l.rows));
        std::vector<double>& c = fit.c;
        for (std::int64_t a = 0; a < l.rows; ++a)
            c.push_back((sums_.products(j, fit.at[static_cast<std::size_t>(a)]) -
                         dot(&l.data[static_cast<std::size_t>(a * l.cols)], c.data(), a)) /
                        l(a, a));
        for (std::int64_t a = l.rows - 1; a >= 0; --a) {
            c[static_cast<std::size_t>(a)] /= l(a, a);
            for (std::int64_t b = 0; b < a; ++b) c[static_cast<std::size_t>(b)] -= l(a, b) * c[static_cast<std::size_t>(a)];
        }
        return fit;
    }

    const Ordered& sums_;
    Matrix inverse_;                  // see inverse_columns
    std::vector<double> variance_;    // diagonal of the inverse Gram matrix of the first size_ terms
    Matrix scores_;                   // (m, k): L^-1 products
    std::int64_t size_ = 0;
};

/// Which fit of the ladder.
struct Choice {
    std::size_t chain = 0, set = 0;
    bool pruned = false;
};

/// Squared errors of every set of a chain, whole and pruned, fitted to two folds, at each of the others.
struct Errors {
    std::vector<double> of;   // (fold, set, pruned, output); infinite where there is none
    std::int64_t sets = 0, outputs = 0;

    double& at(std::int64_t fold, std::int64_t set, bool pruned, std::int64_t j) {
        return of[static_cast<std::size_t>(((fold * sets + set) * 2 + pruned) * outputs + j)];
    }
};

std::int64_t largest_set(const Chain& chain, double rows) {
    std::int64_t most = 0;
    for (const std::int64_t size : chain.sizes)
        if (size == 1 || static_cast<double>(size) <= rows / rows_per_term) most = size;
    return most;
}

Errors errors_of(const Chain& chain, const std::array<FitSums, folds>& sums, std::int64_t p, std::int64_t q) {
    Errors errors;
    errors.sets = static_cast<std::int64_t>(chain.sizes.size());
    errors.outputs = sums[0].products.cols;
    errors.of.assign(static_cast<std::size_t>(folds * errors.sets * 2 * errors.outputs), std::numeric_limits<double>::infinity());
    const std::int64_t most = largest_set(chain, sums[static_cast<std::size_t>(p)].n + sums[static_cast<std::size_t>(q)].n);
    if (most == 0) return errors;
    Ordered fitted(sums[static_cast<std::size_t>(p)], chain.order, most);
    fitted.merge(Ordered(sums[static_cast<std::size_t>(q)], chain.order, most));
    fitted.add_ridge();
    ChainFit fits(fitted);
    for (std::int64_t s = 0; s < errors.sets && chain.sizes[static_cast<std::size_t>(s)] <= fits.most(); ++s) {
        fits.grow(chain.sizes[static_cast<std::size_t>(s)]);
        for (std::int64_t j = 0; j < errors.outputs; ++j) {
            const Fit whole = fits.whole(j), pruned = fits.pruned(j, whole);
            for (std::int64_t v = 0; v < folds; ++v) {
                if (v == p || v == q) continue;
                const FitSums& held_out = sums[static_cast<std::size_t>(v)];
                errors.at(v, s, false, j) = errors.at(v, s, true, j) = squared_error(held_out, j, chain.order, whole);
                if (pruned.at.size() < whole.at.size())
                    errors.at(v, s, true, j) = squared_error(held_out, j, chain.order, pruned);
            }
        }
    }
    return errors;
}

Polynomial final_fit(const Ladder& ladder, const Choice& choice, const std::array<FitSums, folds>& sums,
                     std::int64_t without, std::int64_t j) {
    const Chain& chain = ladder.chains[choice.chain];
    const std::int64_t k = chain.sizes[choice.set];
    Ordered fitted(sums[static_cast<std::size_t>(without == 0)], chain.order, k);
    for (std::int64_t v = without == 0 ? 2 : 1; v < folds; ++v)
        if (v != without) fitted.merge(Ordered(sums[static_cast<std::size_t>(v)], chain.order, k));
    fitted.add_ridge();
    ChainFit fits(fitted);
    fits.grow(std::min(k, fits.most()));
    Fit fit = fits.whole(j);
    if (choice.pruned) fit = fits.pruned(j, fit);
    for (std::int64_t& a : fit.at) a = chain.order[static_cast<std::size_t>(a)];
    return {std::move(fit.at), std::move(fit.c), 0};
}

constexpr std::int64_t pairs = folds * (folds - 1) / 2;

/// Number of the pair of folds.
std::int64_t pair_of(std::int64_t p, std::int64_t q) {
    if (p > q) std::swap(p, q);
    return p * (2 * folds - p - 1) / 2 + q - p - 1;
}

}  // namespace

std::vector<Polynomial> cross_fit(const Ladder& ladder, const std::array<FitSums, folds>& sums, int threads) {
    const auto chains = static_cast<std::int64_t>(ladder.chains.size()), m = sums[0].products.cols;
    std::vector<Errors> errors(static_cast<std::size_t>(pairs * chains));
    std::vector<std::pair<std::int64_t, std::int64_t>> folds_of;
    for (std::int64_t p = 0; p < folds; ++p)
        for (std::int64_t q = p + 1; q < folds; ++q) folds_of.emplace_back(p, q);
    parallel::for_each(pairs * chains, threads, [&](std::int64_t job) {
        const auto [p, q] = folds_of[static_cast<std::size_t>(job % pairs)];
        errors[static_cast<std::size_t>(job)] = errors_of(
            ladder.chains[static_cast<std::size_t>(chains - 1 - job / pairs)], sums, p, q);   // large ones first
    });
    const auto error = [&](std::int64_t without, const Choice& c, std::int64_t j) {
        double sum = 0;
        for (std::int64_t v = 0; v < folds; ++v) {
            if (v == without) continue;
            std::int64_t rest[2], found = 0;
            for (std::int64_t o = 0; o < folds; ++o)
                if (o != v && o != without) rest[found++] = o;
            Errors& e = errors[static_cast<std::size_t>((chains - 1 - static_cast<std::int64_t>(c.chain)) * pairs +
                                                        pair_of(rest[0], rest[1]))];
            sum += e.at(v, static_cast<std::int64_t>(c.set), c.pruned, j);
        }
        return sum;
    };
    std::vector<Polynomial> out(static_cast<std::size_t>(folds * m));
    parallel::for_each(folds * m, threads, [&](std::int64_t job) {
        const std::int64_t without = job / m, j = job % m;
        Choice best;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t c = 0; c < ladder.chains.size(); ++c)
            for (std::size_t s = 0; s < ladder.chains[c].sizes.size(); ++s)
                for (const bool pruned : {false, true})
                    if (const double e = error(without, {c, s, pruned}, j); e < least) {
                        least = e;
                        best = {c, s, pruned};
                    }
        out[static_cast<std::size_t>(job)] = final_fit(ladder, best, sums, without, j);
        out[static_cast<std::size_t>(job)].error = least;
    });
    return out;
}

}  // namespace buffon
