#include <buffon/seeded_design.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

void copy(std::span<const double> from, std::span<double> to) { std::ranges::copy(from, to.begin()); }

}  // namespace

std::int64_t noise_group(const std::string& who, const Distribution& inputs, const Groups& groups, const std::string& noise) {
    const std::vector<std::string> names = inputs.names();
    const auto found = std::ranges::find(names, noise);
    require(found != names.end(), who, ": noise must name an input, got '", noise, "'",
            found == names.end() ? suggestion(noise, names) : "");
    const auto c = static_cast<std::size_t>(found - names.begin());
    const std::int64_t group = groups.of[c];
    require(groups.coordinates[static_cast<std::size_t>(group)].size() == 1, who,
            ": noise must be an input in no group with others, got '", noise, "'");
    require(groups.size() > 1, who, ": noise must not be all there is, got '", noise, "'");
    const std::vector<std::int64_t> block = dependent_blocks(inputs);
    require(std::ranges::count(block, block[c]) == 1, who, ": noise must not depend on other inputs, got '", noise, "'");
    return group;
}

SeededRows::SeededRows(const Distribution& inputs, Groups groups, std::int64_t noise, Points kind, std::int64_t points,
                       std::int64_t replicates, std::uint64_t key)
    : inputs_(inputs), groups_(std::move(groups)), noise_(noise), points_(points), replicates_(replicates),
      set_(kind == Points::iid ? PointSet::independent(points * replicates, Stream{key, 0})
                               : PointSet::nets(2 * inputs.dim(), points, replicates, key, 0)) {}

void SeededRows::rows(std::int64_t first, View x) const {
    const std::int64_t d = inputs_.dim(), half = sets() / 2, n = x.rows / sets();
    Matrix u(n, 2 * d);
    set_.uniform(first, u);
    Matrix ends(2 * n, d);   // a and b of each row, one below the other
    std::ranges::copy(u.data, ends.data.begin());
    inputs_.from_uniform(ends, ends);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t w = 0; w < 2; ++w) {
            const View part = x.slice(i * sets() + w * half, half), a = ends.view().slice(2 * i, 1),
                       b = ends.view().slice(2 * i + 1, 1);
            copy(a.row(0), part.row(0));
            copy(b.row(0), part.row(1));
            for (std::int64_t g = 0, at = 2; g < groups_.size(); ++g) {
                if (g == noise_) continue;
                copy(a.row(0), part.row(at));
                take(b, g, part.slice(at++, 1));
            }
            take(w == 0 ? a : b, noise_, part);
        }
}

/// This group of all rows of `to`.
void SeededRows::take(ConstView from, std::int64_t group, View to) const {
    for (std::int64_t i = 0; i < to.rows; ++i)
        for (const std::int64_t c : groups_.coordinates[static_cast<std::size_t>(group)]) to(i, c) = from(0, c);
}

Walks::Walks(ShapleyDesign design, std::int64_t noise) : design_(std::move(design)), noise_(noise) {
    for (std::int64_t g = 0; g < design_.steps(); ++g) {
        of_.push_back(std::ssize(names_));
        if (g != noise) names_.push_back(design_.groups().names[static_cast<std::size_t>(g)]);
    }
}

void Walks::rows(std::int64_t first, std::vector<std::int64_t>& orders, View x) const {
    if (!seeded()) return design_.rows(first, orders, x);
    Matrix walks(x.rows / evaluations() * (design_.steps() + 1), x.cols);
    design_.rows(first, orders, walks);
    drop_noise(orders, walks, x);
}

/// Through all groups (rows (G + 1), d) -> through all but the noise, twice (rows 2 G, d).
void Walks::drop_noise(std::vector<std::int64_t>& orders, ConstView walks, View x) const {
    const std::int64_t g = design_.steps(), c = design_.groups().coordinates[static_cast<std::size_t>(noise_)].front();
    for (std::int64_t i = 0; i < walks.rows / (g + 1); ++i) {
        const ConstView walk = walks.slice(i * (g + 1), g + 1);
        for (std::int64_t w = 0; w < 2; ++w) {
            const View part = x.slice((2 * i + w) * g, g);
            for (std::int64_t k = 0, at = 0; k <= g; ++k)   // where the noise alone moved there is no step
                if (k == 0 || orders[static_cast<std::size_t>(i * g + k - 1)] != noise_) copy(walk.row(k), part.row(at++));
            for (std::int64_t k = 0; k < g; ++k) part(k, c) = walk(w * g, c);
        }
    }
    std::erase(orders, noise_);
    for (std::int64_t& group : orders) group = of_[static_cast<std::size_t>(group)];
}

}  // namespace buffon
