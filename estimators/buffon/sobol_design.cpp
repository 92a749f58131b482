#include <buffon/sobol_design.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace buffon {
namespace {

constexpr std::int64_t segment_evaluations = 16'384;   // outputs of a segment stay in the second-level cache
constexpr std::int64_t segment_numbers = 1 << 18;      // 2 MB of inputs

/// A power of two that divides N = 2^k.
std::int64_t segment_of(std::int64_t points, std::int64_t sets, std::int64_t dim) {
    const std::int64_t most = std::max<std::int64_t>(std::min(segment_evaluations, segment_numbers / dim) / sets, 1);
    return std::min(points, static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most))));
}

PointSet points_of(Points kind, std::int64_t dim, std::int64_t points, std::int64_t replicates, std::uint64_t key) {
    if (kind == Points::iid) return PointSet::independent(points * replicates, Stream{key, 0});
    return PointSet::nets(dim, points, replicates, key, 0);
}

}  // namespace

SobolDesign::SobolDesign(const Distribution& inputs, Groups groups, bool both_ways, bool third, Points kind,
                         std::int64_t points, std::int64_t replicates, std::uint64_t key)
    : inputs_(inputs), groups_(std::move(groups)), both_ways_(both_ways), third_(third), points_(points),
      replicates_(replicates), segment_(segment_of(points, sets(), inputs.dim())),
      set_(points_of(kind, tables() * inputs.dim(), points, replicates, key)) {}

std::int64_t SobolDesign::table(std::int64_t set, std::int64_t c) const {
    const std::int64_t g = groups_.size(), own = groups_.of[static_cast<std::size_t>(c)];
    if (set < 2) return set;
    if (set < 2 + g) return own == set - 2 ? tables() - 1 : 0;
    return own == set - 2 - g ? 0 : 1;
}

std::int64_t SobolDesign::column(std::int64_t set, std::int64_t c) const { return table(set, c) * dim() + c; }

void SobolDesign::inputs(std::int64_t segment, View x) const {
    const std::int64_t d = dim(), rows = segment_;
    Matrix u(rows, tables() * d), values(tables() * rows, d);
    uniforms(segment * rows, u);
    for (std::int64_t t = 0; t < tables(); ++t) {
        const View part = values.view().slice(t * rows, rows);
        for (std::int64_t i = 0; i < rows; ++i) std::copy_n(u.view().row(i).data() + t * d, d, part.row(i).data());
        inputs_.from_uniform(part, part);
    }
    for (std::int64_t k = 0; k < sets(); ++k)
        for (std::int64_t c = 0; c < d; ++c) {
            const std::int64_t from = table(k, c) * rows;
            for (std::int64_t i = 0; i < rows; ++i) x(k * rows + i, c) = values(from + i, c);
        }
}

void SobolDesign::next_set(std::int64_t set, ConstColumns tables, Columns x) const {
    for (std::int64_t c = 0; c < dim(); ++c) {
        const std::int64_t from = column(set, c);
        if (set > 0 && column(set - 1, c) == from) continue;
        std::copy_n(tables[from], x.rows, x[c]);
    }
}

}  // namespace buffon
