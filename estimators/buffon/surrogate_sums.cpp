#include <buffon/surrogate_sums.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/kernels.hpp>

namespace buffon {
namespace {

constexpr std::int64_t piece = 128;   // rows of which the powers of all coordinates stay in the second-level cache

double dot(const double* a, const double* b, std::int64_t n) { return kernels().dot_product(a, b, n); }

/// Powers of the coordinates of both tables at a piece of rows.
class Powers {
public:
    Powers(const SobolDesign& design, const Surrogate& g) : design_(&design), g_(&g) {
        for (std::int64_t t = 0; t < 2; ++t)
            for (const int degree : g.degrees()) {
                offset_.push_back(static_cast<std::int64_t>(room_.size()));
                room_.resize(room_.size() + static_cast<std::size_t>(degree == 0 ? 0 : (degree + 1) * piece));
            }
    }
    void turn_to(std::int64_t first, std::int64_t rows) {
        rows_ = rows;
        const std::int64_t d = design_->dim();
        u_.reshape(rows, 2 * d);
        design_->uniforms(first, u_);
        double x[piece];
        for (std::int64_t c = 0; c < 2 * d; ++c) {
            const auto own = static_cast<std::size_t>(c % d);
            if (g_->degrees()[own] == 0) continue;
            for (std::int64_t i = 0; i < rows; ++i) x[i] = u_(i, c);
            if (g_->families()[own] == Family1d::hermite) kernels().normal_quantiles(x, rows);
            polynomials(g_->families()[own], g_->degrees()[own], x, rows, room_.data() + offset_[static_cast<std::size_t>(c)]);
        }
    }
    /// The product of the factors at rows of table A (0) or B (1), those of one group from the other.
    void product(const Term& factors, std::int64_t table, std::int64_t swapped, double* out) const {
        const double* first = at(factors[0], table, swapped);
        if (factors.size() == 1) {
            std::copy_n(first, rows_, out);
            return;
        }
        const double* second = at(factors[1], table, swapped);
        for (std::int64_t i = 0; i < rows_; ++i) out[i] = first[i] * second[i];
        for (std::size_t k = 2; k < factors.size(); ++k) {
            const double* next = at(factors[k], table, swapped);
            for (std::int64_t i = 0; i < rows_; ++i) out[i] *= next[i];
        }
    }

private:
    const double* at(const Factor& f, std::int64_t table, std::int64_t swapped) const {
        const bool other = design_->groups().of[static_cast<std::size_t>(f.coordinate)] == swapped;
        const std::int64_t column = (other ? 1 - table : table) * design_->dim() + f.coordinate;
        return room_.data() + offset_[static_cast<std::size_t>(column)] + f.degree * rows_;
    }

    const SobolDesign* design_;
    const Surrogate* g_;
    std::vector<std::int64_t> offset_;   // of (table, coordinate)
    std::vector<double> room_;
    Matrix u_;
    std::int64_t rows_ = 0;
};

void add_scaled(double* to, double factor, const double* from, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

void subtract(double* from, const double* what, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) from[i] -= what[i];
}

/// g at one piece of rows, from both tables (one without both ways): values, steps of each group, and parts of single groups.
struct Values {
    Values(std::int64_t groups, std::int64_t ways) : at(2, piece), steps(ways * groups, piece), alone(2 * groups, piece) {}
    void clear() {
        for (Matrix* m : {&at, &steps, &alone}) std::ranges::fill(m->data, 0.0);
    }
    Matrix at, steps, alone;   // rows: (table), (way, group), (table, group)
};

/// Calls with_table(t, psi) for the factors' product at A and B, and with_step(way, group, change) for what swapping a
/// group changes.
template <class Table, class Step>
void visit(const Powers& powers, const Surrogate::Summand& s, std::int64_t ways, std::int64_t rows,
           const Table& with_table, const Step& with_step) {
    double psi[2][piece], swapped[piece];
    for (std::int64_t t = 0; t < 2; ++t) {
        powers.product(s.factors, t, -1, psi[t]);
        with_table(t, psi[t]);
    }
    for (std::int64_t way = 0; way < ways; ++way)
        for (const std::int64_t group : s.groups) {
            if (s.groups.size() == 1) std::copy_n(psi[1 - way], rows, swapped);
            else powers.product(s.factors, way, group, swapped);
            subtract(swapped, psi[way], rows);
            with_step(way, group, swapped);
        }
}

void add_summand(const Powers& powers, const Surrogate::Summand& s, std::int64_t groups, std::int64_t ways,
                 std::int64_t rows, Values& g) {
    visit(
        powers, s, ways, rows,
        [&](std::int64_t t, const double* psi) {
            add_scaled(&g.at(t, 0), s.coefficient, psi, rows);
            if (s.groups.size() == 1) add_scaled(&g.alone(t * groups + s.groups[0], 0), s.coefficient, psi, rows);
        },
        [&](std::int64_t way, std::int64_t group, const double* change) {
            add_scaled(&g.steps(way * groups + group, 0), s.coefficient, change, rows);
        });
}

/// r of a piece in place of f: all sets, `stride` apart.
void leave_residuals(const Values& g, double constant, std::int64_t groups, std::int64_t ways, std::int64_t rows,
                     double* f, std::int64_t stride) {
    for (std::int64_t t = 0; t < 2; ++t)
        for (std::int64_t i = 0; i < rows; ++i)
            f[t * stride + i] -= constant + g.at.data[static_cast<std::size_t>(t * piece + i)];
    for (std::int64_t k = 0; k < ways * groups; ++k) {
        const double *start = &g.at.data[static_cast<std::size_t>(k / groups * piece)],
                     *step = &g.steps.data[static_cast<std::size_t>(k * piece)];
        for (std::int64_t i = 0; i < rows; ++i) f[(2 + k) * stride + i] -= constant + (start[i] + step[i]);
    }
}

/// Products of the steps of r with those of g, and with the parts of the groups alone.
void add_cross(const Values& g, std::int64_t groups, std::int64_t ways, std::int64_t rows, const double* r,
               std::int64_t stride, ResidualSums& sums) {
    double step[piece], alone[piece];
    const double share = 1 / static_cast<double>(ways);
    for (std::int64_t way = 0; way < ways; ++way)
        for (std::int64_t k = 0; k < groups; ++k) {
            std::copy_n(r + (2 + way * groups + k) * stride, rows, step);
            subtract(step, r + way * stride, rows);
            std::copy_n(&g.alone.data[static_cast<std::size_t>(((1 - way) * groups + k) * piece)], rows, alone);
            subtract(alone, &g.alone.data[static_cast<std::size_t>((way * groups + k) * piece)], rows);
            sums.first_cross[static_cast<std::size_t>(k)] += share * dot(alone, step, rows);
            const double* known = &g.steps.data[static_cast<std::size_t>((way * groups + k) * piece)];
            sums.total_cross[static_cast<std::size_t>(k)] += share * dot(known, step, rows);
            double &first = sums.first_largest[static_cast<std::size_t>(k)],
                   &total = sums.total_largest[static_cast<std::size_t>(k)];
            const double* other = r + (1 - way) * stride;
            for (std::int64_t i = 0; i < rows; ++i) {
                first = std::max(first, std::abs(step[i] * (alone[i] + other[i])));
                total = std::max(total, std::abs(step[i] * (known[i] + 0.5 * step[i])));
            }
        }
}

/// Sums of r over all sets that a table is in: a term that no swap changes meets them all.
void add_products(const Powers& powers, const Surrogate& g, std::int64_t groups, std::int64_t ways, std::int64_t rows,
                  const double* r, std::int64_t stride, std::vector<double>& with_terms) {
    double whole[2][piece];
    for (std::int64_t t = 0; t < 2; ++t) {
        std::copy_n(r + t * stride, rows, whole[t]);
        for (std::int64_t k = 0; t < ways && k < groups; ++k) add_scaled(whole[t], 1.0, r + (2 + t * groups + k) * stride, rows);
    }
    for (std::size_t s = 0; s < g.summands().size(); ++s)
        visit(
            powers, g.summands()[s], ways, rows,
            [&](std::int64_t t, const double* psi) { with_terms[s] += dot(psi, whole[t], rows); },
            [&](std::int64_t way, std::int64_t group, const double* change) {
                with_terms[s] += dot(change, r + (2 + way * groups + group) * stride, rows);
            });
}

void add(std::vector<double>& to, const std::vector<double>& from) {
    if (to.empty()) to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

void take_larger(std::vector<double>& to, const std::vector<double>& from) {
    if (to.empty()) to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

std::vector<Term> terms_of(const Ladder& ladder, const Polynomial& polynomial) {
    std::vector<Term> terms;
    for (const std::int64_t k : polynomial.terms) terms.push_back(ladder.terms[static_cast<std::size_t>(k)]);
    return terms;
}

}  // namespace

Surrogate::Surrogate(const SobolDesign& design, const std::vector<Family1d>& families, const Ladder& ladder,
                     const Polynomial& polynomial)
    : Surrogate(design, families, terms_of(ladder, polynomial), polynomial.coefficients) {}

Surrogate::Surrogate(const SobolDesign& design, std::vector<Family1d> families, const std::vector<Term>& terms,
                     const std::vector<double>& coefficients)
    : families_(std::move(families)), degrees_(families_.size(), 0) {
    for (std::size_t k = 0; k < terms.size(); ++k) {
        const Term& term = terms[k];
        if (term.empty()) {
            constant_ = coefficients[k];
            continue;
        }
        Summand s{term, {}, coefficients[k]};
        for (const Factor& f : term) {
            const auto c = static_cast<std::size_t>(f.coordinate);
            degrees_[c] = std::max(degrees_[c], f.degree);
            s.groups.push_back(design.groups().of[c]);
        }
        std::ranges::sort(s.groups);
        s.groups.erase(std::unique(s.groups.begin(), s.groups.end()), s.groups.end());
        summands_.push_back(std::move(s));
    }
}

void ResidualSums::merge(const ResidualSums& other) {
    pairs.merge(other.pairs);
    fourth += other.fourth;
    take_larger(first_largest, other.first_largest);
    take_larger(total_largest, other.total_largest);
    add(with_terms, other.with_terms);
    add(first_cross, other.first_cross);
    add(total_cross, other.total_cross);
}

ResidualSums residual_sums(const SobolDesign& design, const Surrogate& surrogate, std::int64_t first, std::int64_t rows,
                           const std::vector<double>& f, const std::vector<std::int64_t>& failed) {
    const std::int64_t groups = design.groups().size(), ways = design.both_ways() ? 2 : 1;
    std::vector<double> r = f;
    const std::vector<double> none(static_cast<std::size_t>(groups));
    ResidualSums sums{{}, std::vector<double>(surrogate.summands().size()), none, none, 0, none, none};
    Powers powers(design, surrogate);
    Values g(groups, ways);
    for (std::int64_t begin = 0; begin < rows; begin += piece) {
        const std::int64_t count = std::min(piece, rows - begin);
        powers.turn_to(first + begin, count);
        g.clear();
        for (const auto& s : surrogate.summands()) add_summand(powers, s, groups, ways, count, g);
        double* at = r.data() + begin;
        leave_residuals(g, surrogate.constant(), groups, ways, count, at, rows);
        for (const std::int64_t i : failed)
            for (std::int64_t k = 0; i >= begin && i < begin + count && k < design.sets(); ++k) at[k * rows + i - begin] = 0;
        for (std::int64_t t = 0; t < 2; ++t)
            for (std::int64_t i = 0; i < count; ++i)
                sums.fourth += at[t * rows + i] * at[t * rows + i] * at[t * rows + i] * at[t * rows + i];
        add_cross(g, groups, ways, count, at, rows, sums);
        add_products(powers, surrogate, groups, ways, count, at, rows, sums.with_terms);
    }
    std::vector<const double*> columns;
    for (std::int64_t k = 0; k < design.sets(); ++k) columns.push_back(r.data() + k * rows);
    sums.pairs = PairSums(columns, rows, static_cast<double>(rows) - static_cast<double>(failed.size()), groups);
    return sums;
}

}  // namespace buffon
