#include <buffon/frechet.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/root_forms.hpp>
#include <buffon/symmetric.hpp>

namespace buffon {
namespace {

/// `count` rows, evenly spaced.
Matrix spaced_rows(ConstView x, std::int64_t count) {
    Matrix out(std::min(count, x.rows), x.cols);
    for (std::int64_t i = 0; i < out.rows; ++i) std::ranges::copy(x.row(i * x.rows / out.rows), out.view().row(i).begin());
    return out;
}

/// Centred, with its mean.
struct Centred {
    Matrix rows;
    std::vector<double> mean;
};

Centred centred(Matrix rows) {
    Centred out{std::move(rows), {}};
    out.mean = column_means(out.rows);
    for (std::int64_t i = 0; i < out.rows.rows; ++i)
        for (std::int64_t j = 0; j < out.rows.cols; ++j) out.rows(i, j) -= out.mean[static_cast<std::size_t>(j)];
    return out;
}

double square_of(std::span<const double> v) {
    double sum = 0.0;
    for (const double a : v) sum += a * a;
    return sum;
}

double variance_sum(const Matrix& centred_rows) {
    return square_of(centred_rows.data) / static_cast<double>(centred_rows.rows - 1);
}

/// Covariance of centred rows; its lower triangle.
Matrix covariance(const Matrix& x, int threads) {
    Matrix across(x.cols, x.rows), out(x.cols, x.cols);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j) across(j, i) = x(i, j);
    add_row_products(1 / static_cast<double>(x.rows - 1), part_of(across), part_of(across), part_of(out), true, threads);
    return out;
}

/// Orthonormal contrasts of rows, (n - 1, d): those of centred rows, without the direction that centring made 0. Source: Helmert.
Matrix contrasts(const Matrix& x) {
    Matrix out(x.rows - 1, x.cols);
    std::vector<double> sum(static_cast<std::size_t>(x.cols), 0.0);
    for (std::int64_t k = 1; k < x.rows; ++k) {
        const double count = static_cast<double>(k), scale = 1 / std::sqrt(count * (count + 1));
        for (std::int64_t j = 0; j < x.cols; ++j) {
            sum[static_cast<std::size_t>(j)] += x(k - 1, j);
            out(k - 1, j) = scale * (sum[static_cast<std::size_t>(j)] - count * x(k, j));
        }
    }
    return out;
}

/// L^-1 x in the order of the pivots, rows by themselves; the first `rank` entries tell all.
Matrix whitened(const Matrix& x, const PivotedCholesky& c, int threads) {
    constexpr std::int64_t block = 64;
    const std::int64_t rank = c.factor.cols;
    Matrix out(x.rows, rank);
    for (std::int64_t first = 0; first < rank; first += block) {
        const std::int64_t count = std::min(block, rank - first);
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = first; j < first + count; ++j) out(i, j) = x(i, c.order[static_cast<std::size_t>(j)]);
        if (first > 0)
            add_row_products(-1.0, part_of(out, 0, 0, x.rows, first),
                             ConstPart(c.factor.view().row(first).data(), count, first, rank),
                             part_of(out, 0, first, x.rows, count), false, threads);
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = first; j < first + count; ++j) {
                for (std::int64_t t = first; t < j; ++t) out(i, j) -= c.factor(j, t) * out(i, t);
                out(i, j) /= c.factor(j, j);
            }
    }
    return out;
}

/// What a distance and its errors are made of; forms at some rows of each sample, of what multiplies d C in d tr (C_x C_y)^(1/2).
struct Parts {
    std::vector<double> roots;
    std::vector<double> forms_x, forms_y;
};

/// By covariances: eigenvalues of L' C_x L.
class Wide {
public:
    Wide(const Centred& y, int threads) : cholesky_(pivoted_cholesky(covariance(y.rows, threads), threads)), threads_(threads) {}

    Parts meet(const Centred& x, const Matrix& rows_x, const Matrix& rows_y) const {
        const std::int64_t d = x.rows.cols, rank = cholesky_.factor.cols;
        if (rank == 0)   // all rows of the reference are one point
            return {{},
                    std::vector<double>(static_cast<std::size_t>(rows_x.rows), 0.0),
                    std::vector<double>(static_cast<std::size_t>(rows_y.rows), 0.0)};
        Matrix c = covariance(x.rows, threads_), ordered(d, d), across(rank, d), half(rank, d), inner(rank, rank);
        complete(c);
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j)
                ordered(i, j) =
                    c(cholesky_.order[static_cast<std::size_t>(i)], cholesky_.order[static_cast<std::size_t>(j)]);
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < rank; ++j) across(j, i) = cholesky_.factor(i, j);
        constexpr std::int64_t strip = 256;   // a row of L' begins with zeros
        for (std::int64_t first = 0; first < rank; first += strip) {
            const std::int64_t count = std::min(strip, rank - first), rest = d - first;
            add_row_products(1.0, part_of(across, first, first, count, rest), part_of(ordered, 0, first, d, rest),
                             part_of(half, first, 0, count, d), false, threads_);
        }
        for (std::int64_t first = 0; first < rank; first += strip) {
            const std::int64_t count = std::min(strip, rank - first), rest = d - first;
            add_row_products(1.0, part_of(across, first, first, count, rest),
                             part_of(half, 0, first, std::min(first + count, rank), rest),
                             part_of(inner, first, 0, count, std::min(first + count, rank)), false, threads_);
        }
        const RootForms forms(std::move(inner), threads_);
        Matrix through(rows_x.rows, rank), in_order(rows_x.rows, d);
        for (std::int64_t i = 0; i < rows_x.rows; ++i)
            for (std::int64_t j = 0; j < d; ++j) in_order(i, j) = rows_x(i, cholesky_.order[static_cast<std::size_t>(j)]);
        add_row_products(1.0, part_of(in_order), part_of(across), part_of(through), false, threads_);
        return {forms.roots(), forms.of_inverse_root(std::move(through)), forms.of_root(whitened(rows_y, cholesky_, threads_))};
    }

private:
    PivotedCholesky cholesky_;
    int threads_;
};

/// By products of rows: the nuclear norm of K = rows of the smaller sample . rows of the other / sqrt((n - 1) (m - 1)).
Parts meet_thin(const Centred& x, const Centred& y, const Matrix& rows_x, const Matrix& rows_y, int threads) {
    const bool swap = y.rows.rows < x.rows.rows;
    const Matrix few = contrasts(swap ? y.rows : x.rows), many = contrasts(swap ? x.rows : y.rows),
                 &rows_few = swap ? rows_y : rows_x, &rows_many = swap ? rows_x : rows_y;
    const double scale = 1 / std::sqrt(static_cast<double>(few.rows) * static_cast<double>(many.rows));
    Matrix products(few.rows, many.rows), gram(few.rows, few.rows);
    add_row_products(scale, ConstPart(few.view()), ConstPart(many.view()), part_of(products), false, threads);
    add_row_products(1.0, part_of(products), part_of(products), part_of(gram), true, threads);
    const RootForms forms(std::move(gram), threads);
    // With P = few / sqrt(n - 1), k = P row' for the other sample; a row c few of the few has the form (n - 1) c (K K')^(1/2) c'.
    Matrix of_many(rows_many.rows, few.rows), coordinates(rows_few.rows, few.rows);
    add_row_products(1 / std::sqrt(static_cast<double>(few.rows)), ConstPart(rows_many.view()), ConstPart(few.view()),
                     part_of(of_many), false, threads);
    std::vector<double> many_forms = forms.of_inverse_root(std::move(of_many));
    const std::int64_t n = few.rows + 1;
    for (std::int64_t i = 0; i < rows_few.rows; ++i) {
        const std::int64_t at = i * n / rows_few.rows;   // c: a column of the contrasts
        for (std::int64_t k = 1; k < n; ++k) {
            const double count = static_cast<double>(k), root = std::sqrt(count * (count + 1));
            coordinates(i, k - 1) = k > at ? 1 / root : k == at ? -count / root : 0.0;
        }
    }
    std::vector<double> few_forms = forms.of_root(std::move(coordinates));
    for (double& v : few_forms) v *= static_cast<double>(few.rows);
    return {forms.roots(), swap ? many_forms : few_forms, swap ? few_forms : many_forms};
}

/// A distance with its linear terms at some rows.
struct Distance {
    double value = 0.0;
    std::vector<double> of_x, of_y, roots;
};

/// 2 (mean - other) . row + |row|^2 - form, row by row.
std::vector<double> linear_terms(const Matrix& rows, const std::vector<double>& mean, const std::vector<double>& other,
                                 const std::vector<double>& forms) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        double along = 0.0;
        for (std::int64_t j = 0; j < rows.cols; ++j)
            along += (mean[static_cast<std::size_t>(j)] - other[static_cast<std::size_t>(j)]) * rows(i, j);
        out.push_back(2 * along + square_of(rows.view().row(i)) - forms[static_cast<std::size_t>(i)]);
    }
    return out;
}

Distance finished(const Centred& x, const Centred& y, const Matrix& rows_x, const Matrix& rows_y, Parts parts) {
    Distance out;
    for (std::size_t j = 0; j < x.mean.size(); ++j) out.value += (x.mean[j] - y.mean[j]) * (x.mean[j] - y.mean[j]);
    out.value += variance_sum(x.rows) + variance_sum(y.rows);
    for (const double r : parts.roots) out.value -= 2 * r;
    out.of_x = linear_terms(rows_x, x.mean, y.mean, parts.forms_x);
    out.of_y = linear_terms(rows_y, y.mean, x.mean, parts.forms_y);
    out.roots = std::move(parts.roots);
    return out;
}

/// Distances of all samples to one reference.
class Against {
public:
    Against(Matrix y, const std::vector<std::int64_t>& rows, const FrechetOptions& o)
        : options_(o), y_(centred(std::move(y))), rows_y_(spaced_rows(y_.rows, o.error_rows)) {
        const auto wide = [&](std::int64_t n) { return std::min(n, y_.rows.rows) > y_.rows.cols; };
        if (std::ranges::any_of(rows, wide)) wide_.emplace(y_, o.threads);
    }

    Distance meet(Matrix set) const {
        const Centred x = centred(std::move(set));
        const Matrix rows = spaced_rows(x.rows, options_.error_rows);
        const bool wide = std::min(x.rows.rows, y_.rows.rows) > y_.rows.cols;
        return finished(x, y_, rows, rows_y_,
                        wide ? wide_->meet(x, rows, rows_y_) : meet_thin(x, y_, rows, rows_y_, options_.threads));
    }

private:
    const FrechetOptions& options_;
    Centred y_;
    Matrix rows_y_;
    std::optional<Wide> wide_;
};

double covariance_of(const std::vector<double>& u, const std::vector<double>& v) {
    double mu = 0.0, mv = 0.0, sum = 0.0;
    for (std::size_t i = 0; i < u.size(); ++i) mu += u[i], mv += v[i];
    mu /= static_cast<double>(u.size());
    mv /= static_cast<double>(v.size());
    for (std::size_t i = 0; i < u.size(); ++i) sum += (u[i] - mu) * (v[i] - mv);
    return sum / static_cast<double>(u.size() - 1);
}

Matrix joint_covariance(const std::vector<Distance>& all, const PointSets& x, std::int64_t m) {
    const auto k = static_cast<std::int64_t>(all.size());
    Matrix out(k, k);
    for (std::int64_t i = 0; i < k; ++i)
        for (std::int64_t j = 0; j <= i; ++j) {
            const auto s = static_cast<std::size_t>(i), t = static_cast<std::size_t>(j);
            double c = covariance_of(all[s].of_y, all[t].of_y) / static_cast<double>(m);
            if (x.sets[s].rows == x.sets[t].rows)
                c += covariance_of(all[s].of_x, all[t].of_x) / static_cast<double>(x.sets[s].rows);
            out(i, j) = out(j, i) = c;
        }
    return nearest_covariance(out);
}

double floor_of(const std::vector<double>& a, std::int64_t n, std::int64_t m) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] <= 0) continue;
        sum += a[i] + a[i] / 4;
        for (std::size_t j = 0; j < a.size(); ++j) sum += a[i] * a[j] / (2 * (a[i] + a[j]));
    }
    return sum * (1 / static_cast<double>(n) + 1 / static_cast<double>(m));
}

/// Least-squares line a + b v through (v, f): intercept, slope, and the variance of the intercept.
struct Line {
    double intercept, slope, variance;
};
Line line_through(const std::vector<double>& v, const std::vector<double>& f) {
    const double n = static_cast<double>(v.size());
    double mv = 0.0, mf = 0.0, vv = 0.0, vf = 0.0, rest = 0.0;
    for (std::size_t i = 0; i < v.size(); ++i) mv += v[i] / n, mf += f[i] / n;
    for (std::size_t i = 0; i < v.size(); ++i) vv += (v[i] - mv) * (v[i] - mv), vf += (v[i] - mv) * (f[i] - mf);
    const double slope = vf / vv;
    for (std::size_t i = 0; i < v.size(); ++i) rest += std::pow(f[i] - mf - slope * (v[i] - mv), 2);
    return {mf - slope * mv, slope, rest / (n - 2) * (1 / n + mv * mv / vv)};
}

}  // namespace

Estimate frechet(const PointSets& x, const ReferencePoints& y, const FrechetOptions& options) {
    check_sets("frechet", x, y.points, 4);
    require(options.sizes == 0 || options.sizes >= 3, "frechet: sizes must be 0 or at least 3, got ", options.sizes);
    require(options.error_rows >= 4, "frechet: error_rows must be at least 4, got ", options.error_rows);
    const std::int64_t m = y.points.rows, sizes = std::max<std::int64_t>(options.sizes, 1);
    std::vector<double> inverse;                                    // of the part of the rows: 1, ..., 2
    std::vector<std::vector<double>> found(x.sets.size());
    std::vector<Distance> whole;
    std::int64_t done = 0;
    for (std::int64_t s = 0; s < sizes; ++s) {
        inverse.push_back(sizes == 1 ? 1.0 : 1.0 + static_cast<double>(s) / static_cast<double>(sizes - 1));
        const auto part = [&](std::int64_t n) { return static_cast<std::int64_t>(static_cast<double>(n) / inverse.back()); };
        std::vector<std::int64_t> rows;
        for (const Matrix& set : x.sets) rows.push_back(part(set.rows));
        const Against reference(spaced_rows(y.points, part(m)), rows, options);
        for (std::size_t k = 0; k < x.sets.size(); ++k) {
            Distance distance = reference.meet(spaced_rows(x.sets[k], rows[k]));
            found[k].push_back(distance.value);
            if (s == 0) whole.push_back(std::move(distance));
            if (options.progress) options.progress(++done, sizes * static_cast<std::int64_t>(x.sets.size()), {});
        }
    }
    Estimate e;
    e.names = names_of("frechet", x);
    e.covariance = joint_covariance(whole, x, m);
    e.n = m;
    std::vector<double> floor, slope;
    for (std::size_t k = 0; k < x.sets.size(); ++k) {
        const std::int64_t n = x.sets[k].rows;
        e.value.push_back(found[k][0]);
        floor.push_back(floor_of(whole[k].roots, n, m));
        e.n += n;
        if (std::min(n, m) < 2 * y.points.cols)
            e.warnings.push_back("'" + e.names[k] +
                                 "': fewer than two rows for each column: the distance is mostly bias");
        if (options.sizes == 0) continue;
        const Line line = line_through(inverse, found[k]);
        e.value.back() = line.intercept;
        slope.push_back(line.slope);
        e.covariance(static_cast<std::int64_t>(k), static_cast<std::int64_t>(k)) += line.variance;
    }
    e.diagnostics["floor"] = floor;
    e.diagnostics["counted"] = std::string("rows");
    if (options.sizes > 0) e.diagnostics["slope"] = slope;
    warn_of_overflow(e);
    return e;
}

}  // namespace buffon
