#include <buffon/surrogate_fit.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t strips = 4;   // of a fold, that are summed at once

/// Highest degree of each coordinate.
std::vector<int> degrees_of(const std::vector<Term>& terms, std::size_t dim) {
    std::vector<int> degrees(dim, 0);
    for (const Term& term : terms)
        for (const Factor& f : term)
            degrees[static_cast<std::size_t>(f.coordinate)] =
                std::max(degrees[static_cast<std::size_t>(f.coordinate)], f.degree);
    return degrees;
}

/// Columns of the constant, the terms and the responses at some rows, in panels of eight as the kernels take them.
class Panels {
public:
    Panels(const Ladder& ladder, const std::vector<Family1d>& families, std::int64_t responses)
        : ladder_(&ladder), families_(&families), degrees_(degrees_of(ladder.terms, families.size())),
          terms_(static_cast<std::int64_t>(ladder.terms.size())), left_((terms_ + 7) / 8),
          all_((terms_ + responses + 7) / 8), slab_(static_cast<std::size_t>(all_ * 8 * depth)),
          sums_(left_ * 8, all_ * 8) {
        for (const int degree : degrees_) powers_.emplace_back(static_cast<std::size_t>(degree == 0 ? 0 : (degree + 1) * depth));
    }
    /// At most `depth` rows with these numbers.
    void add(std::span<const std::int64_t> rows, ConstView u, ConstView y) {
        const auto n = static_cast<std::int64_t>(rows.size());
        double x[depth];
        for (std::size_t c = 0; c < degrees_.size(); ++c) {
            if (degrees_[c] == 0) continue;
            for (std::int64_t i = 0; i < n; ++i) x[i] = u(rows[static_cast<std::size_t>(i)], static_cast<std::int64_t>(c));
            if ((*families_)[c] == Family1d::hermite) kernels().normal_quantiles(x, n);
            polynomials((*families_)[c], degrees_[c], x, n, powers_[c].data());
        }
        for (std::int64_t t = 0; t < terms_; ++t) put_term(t, n);
        for (std::int64_t j = 0; j < y.cols; ++j) {
            double* out = column(terms_ + j);
            for (std::int64_t i = 0; i < n; ++i) out[8 * i] = y(rows[static_cast<std::size_t>(i)], j);
        }
        kernels().panel_products(slab_.data(), depth, n, left_, all_, sums_.data.data());
    }
    double sum(std::int64_t a, std::int64_t b) const { return a / 8 <= b / 8 ? sums_(a, b) : sums_(b, a); }
    std::int64_t terms() const { return terms_; }
    void merge(const Panels& other) {
        for (std::size_t k = 0; k < sums_.data.size(); ++k) sums_.data[k] += other.sums_.data[k];
    }

    static constexpr std::int64_t depth = 128;   // rows: two panels stay in the first cache

private:
    double* column(std::int64_t c) { return slab_.data() + c / 8 * 8 * depth + c % 8; }
    void put_term(std::int64_t t, std::int64_t n) {
        double* out = column(t);
        double product[depth];
        std::fill_n(product, n, 1.0);
        for (const Factor& f : ladder_->terms[static_cast<std::size_t>(t)]) {
            const double* power = powers_[static_cast<std::size_t>(f.coordinate)].data() + f.degree * n;
            for (std::int64_t i = 0; i < n; ++i) product[i] *= power[i];
        }
        for (std::int64_t i = 0; i < n; ++i) out[8 * i] = product[i];
    }

    const Ladder* ladder_;
    const std::vector<Family1d>* families_;
    std::vector<int> degrees_;
    std::int64_t terms_, left_, all_;
    std::vector<std::vector<double>> powers_;   // of each coordinate: (degree + 1, rows)
    std::vector<double> slab_;
    Matrix sums_;
};

/// Sums over the rows of one fold, strip by strip in their order.
FitSums fold_sums(const Ladder& ladder, const std::vector<Family1d>& families, const std::vector<std::int64_t>& rows,
                  ConstView u, ConstView y, int threads) {
    const std::span<const std::int64_t> all(rows);
    const std::size_t strip = (all.size() / strips + Panels::depth) / Panels::depth * Panels::depth;
    std::vector<std::optional<Panels>> parts(static_cast<std::size_t>(strips));
    parallel::for_each(strips, threads, [&](std::int64_t s) {
        Panels& sums = parts[static_cast<std::size_t>(s)].emplace(ladder, families, y.cols);
        const std::size_t end = std::min(all.size(), static_cast<std::size_t>(s + 1) * strip);
        for (std::size_t first = static_cast<std::size_t>(s) * strip; first < end; first += Panels::depth)
            sums.add(all.subspan(first, std::min<std::size_t>(Panels::depth, end - first)), u, y);
    });
    Panels& total = *parts.front();
    for (std::size_t s = 1; s < parts.size(); ++s) total.merge(*parts[s]);
    const std::int64_t p = total.terms();
    FitSums out{static_cast<double>(rows.size()), Matrix(p, p), Matrix(p, y.cols),
                std::vector<double>(static_cast<std::size_t>(y.cols))};
    for (std::int64_t a = 0; a < p; ++a) {
        for (std::int64_t b = 0; b < p; ++b) out.gram(a, b) = total.sum(a, b);
        for (std::int64_t j = 0; j < y.cols; ++j) out.products(a, j) = total.sum(a, p + j);
    }
    for (const std::int64_t row : rows)
        for (std::int64_t j = 0; j < y.cols; ++j) out.squares[static_cast<std::size_t>(j)] += y(row, j) * y(row, j);
    return out;
}

}  // namespace

std::vector<FitRow> fit_rows(const SobolDesign& design) {
    const std::int64_t each = design.sets() * design.points(), all = each * design.replicates();
    const std::int64_t least = (all + most_fit_rows - 1) / most_fit_rows, stride = least + (least % 2 == 0);
    std::vector<FitRow> rows;
    for (std::int64_t r = 0; r < design.replicates(); ++r)
        for (std::int64_t i = r % stride; i < each; i += stride) rows.push_back({r, i / design.points(), i % design.points()});
    rows.resize(std::min(rows.size(), static_cast<std::size_t>(most_fit_rows)));
    return rows;
}

Matrix fit_uniforms(const SobolDesign& design, const std::vector<FitRow>& rows, int threads) {
    const std::int64_t d = design.dim();
    Matrix u(static_cast<std::int64_t>(rows.size()), d);
    parallel::for_blocks(u.rows, threads, [&](std::int64_t first, std::int64_t count) {
        Matrix tables(1, design.tables() * d);
        for (std::int64_t i = first; i < first + count; ++i) {
            const FitRow& row = rows[static_cast<std::size_t>(i)];
            design.uniforms(row.replicate * design.points() + row.row, tables);
            for (std::int64_t c = 0; c < d; ++c) u(i, c) = tables(0, design.column(row.set, c));
        }
    });
    return u;
}

std::vector<Family1d> families_of(const Distribution& inputs) {
    std::vector<Family1d> families;
    for (std::int64_t c = 0; c < inputs.dim(); ++c) {
        const Support support = inputs.support(c);
        families.push_back(std::isfinite(support.lower) && std::isfinite(support.upper) ? Family1d::legendre : Family1d::hermite);
    }
    return families;
}

std::int64_t most_terms(std::int64_t rows) { return std::max<std::int64_t>(std::min<std::int64_t>(400, rows / 20), 1); }

std::array<FitSums, folds> fit_sums(const Ladder& ladder, const std::vector<Family1d>& families,
                                    const std::vector<FitRow>& rows, ConstView u, ConstView y,
                                    const std::vector<char>& counts, int threads) {
    std::array<FitSums, folds> sums;
    for (std::int64_t q = 0; q < folds; ++q) {
        std::vector<std::int64_t> of_fold;
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (rows[i].replicate % folds == q && counts[i]) of_fold.push_back(static_cast<std::int64_t>(i));
        sums[static_cast<std::size_t>(q)] = fold_sums(ladder, families, of_fold, u, y, threads);
    }
    return sums;
}

}  // namespace buffon
