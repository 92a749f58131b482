#include <buffon/dependence.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include <buffon/check.hpp>

namespace buffon {
namespace {

/// The columns of a group, as a table of their own.
Matrix gathered(ConstView z, const std::vector<std::int64_t>& columns) {
    Matrix out(z.rows, static_cast<std::int64_t>(columns.size()));
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t k = 0; k < out.cols; ++k) out(i, k) = z(i, columns[static_cast<std::size_t>(k)]);
    return out;
}

void scatter(ConstView part, const std::vector<std::int64_t>& columns, View z) {
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t k = 0; k < part.cols; ++k) z(i, columns[static_cast<std::size_t>(k)]) = part(i, k);
}

/// map(copula, columns of its group) for each group, in place.
template <class Map>
void map_groups(const std::vector<CopulaGroup>& groups, View z, const Map& map) {
    for (const auto& [copula, coordinates] : groups) {
        const auto apply = [&](View part) { std::visit([&](const auto& c) { map(c, part); }, copula); };
        if (coordinates.empty()) {
            apply(z);
            continue;
        }
        Matrix part = gathered(z, coordinates);
        apply(part);
        scatter(part, coordinates, z);
    }
}

/// Dependent scores to independent ones where some are infinite: the others must not become NaN, so infinity acts as 40,
/// a score beyond every double's, and is put back afterwards.
template <class C>
void decorrelate_infinite(const C& copula, std::span<double> scores) {
    std::vector<double> u(scores.begin(), scores.end());
    for (double& score : u)
        if (std::isinf(score)) score = std::copysign(40.0, score);
    copula.decorrelate({u.data(), 1, static_cast<std::int64_t>(u.size())});
    for (std::size_t j = 0; j < u.size(); ++j)
        if (!std::isinf(scores[j])) scores[j] = u[j];
}

void check_group(const CopulaGroup& group, std::int64_t dim, std::vector<bool>& taken) {
    const auto d = std::visit([](const auto& copula) { return copula.dim(); }, group.copula);
    if (group.coordinates.empty())
        require(d == dim, "Joint: copula must have dimension ", dim, " (one per law), got ", d);
    else
        require(d == static_cast<std::int64_t>(group.coordinates.size()), "Joint: copula must have dimension ",
                group.coordinates.size(), " (one per coordinate of its group), got ", d);
    for (std::int64_t k = 0; k < d; ++k) {
        const std::int64_t j = group.coordinates.empty() ? k : group.coordinates[static_cast<std::size_t>(k)];
        require(j >= 0 && j < dim, "Joint: coordinates of a copula must lie in 0 ... ", dim - 1, ", got ", j);
        require(!taken[static_cast<std::size_t>(j)], "Joint: copulas must be of different coordinates, got ", j, " twice");
        taken[static_cast<std::size_t>(j)] = true;
    }
}

/// Column of coordinate j in a group, -1 if it is not there.
std::int64_t column(const CopulaGroup& group, std::int64_t j) {
    if (group.coordinates.empty()) return j;
    const auto found = std::find(group.coordinates.begin(), group.coordinates.end(), j);
    return found == group.coordinates.end() ? -1 : found - group.coordinates.begin();
}

}  // namespace

void Dependence::check(std::int64_t dim) const {
    std::vector<bool> taken(static_cast<std::size_t>(dim));
    for (const auto& group : groups_) check_group(group, dim, taken);
}

std::optional<Copula> Dependence::pair(std::int64_t i, std::int64_t j) const {
    for (const auto& group : groups_) {
        const std::int64_t a = column(group, i), b = column(group, j);
        if (a >= 0 && b >= 0) return std::visit([=](const auto& copula) { return Copula(copula.pair(a, b)); }, group.copula);
    }
    return std::nullopt;
}

std::optional<Matrix> Dependence::gaussian(std::int64_t dim) const {
    Matrix out(dim, dim);
    for (std::int64_t j = 0; j < dim; ++j) out(j, j) = 1;
    for (const auto& group : groups_) {
        const auto* copula = std::get_if<GaussianCopula>(&group.copula);
        if (!copula) return std::nullopt;
        for (std::int64_t i = 0; i < dim; ++i)
            for (std::int64_t j = 0; j < i; ++j)
                if (const auto a = column(group, i), b = column(group, j); a >= 0 && b >= 0)
                    out(i, j) = out(j, i) = copula->correlation()(a, b);
    }
    return out;
}

void Dependence::decorrelate(View z) const {
    map_groups(groups_, z, [](const auto& copula, View part) {
        for (std::int64_t i = 0; i < part.rows; ++i) {
            const auto row = part.row(i);
            if (std::any_of(row.begin(), row.end(), [](double score) { return std::isinf(score); }))
                decorrelate_infinite(copula, row);
            else
                copula.decorrelate(part.slice(i, 1));
        }
    });
}

void Dependence::correlate(View z) const {
    map_groups(groups_, z, [](const auto& copula, View part) { copula.correlate(part); });
}

void Dependence::add_log_density(ConstView z, std::span<double> out) const {
    assert(out.size() == static_cast<std::size_t>(z.rows));
    for (const auto& [copula, coordinates] : groups_) {
        const Matrix part = coordinates.empty() ? Matrix() : gathered(z, coordinates);
        std::visit([&](const auto& c) { c.add_log_density(coordinates.empty() ? z : part.view(), out); }, copula);
    }
}

}  // namespace buffon
