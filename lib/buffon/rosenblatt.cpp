#include <buffon/rosenblatt.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>

namespace buffon {
namespace {

std::vector<std::int64_t> all(std::int64_t dim) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(dim));
    std::iota(out.begin(), out.end(), 0);
    return out;
}

std::vector<double> scales_of(const Matrix& covariance) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < covariance.rows; ++i) out.push_back(std::sqrt(covariance(i, i)));
    return out;
}
Matrix correlation_of(const Matrix& covariance, const std::vector<double>& scale) {
    Matrix out(covariance.rows, covariance.cols);
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j)
            out(i, j) = i == j ? 1 : covariance(i, j) / (scale[static_cast<std::size_t>(i)] * scale[static_cast<std::size_t>(j)]);
    return out;
}

const char* name_of(const Copula& copula) {
    if (std::holds_alternative<ClaytonCopula>(copula)) return "ClaytonCopula";
    return std::holds_alternative<FrankCopula>(copula) ? "FrankCopula" : "GumbelCopula";
}

bool in_one_group(const std::vector<std::int64_t>& coordinates, const std::vector<std::int64_t>& group_of) {
    const auto of = [&](std::int64_t c) { return group_of[static_cast<std::size_t>(c)]; };
    return std::ranges::all_of(coordinates, [&](std::int64_t c) { return of(c) == of(coordinates.front()); });
}

}  // namespace

Rosenblatt::Rosenblatt(const std::string& who, const Distribution& law, const std::vector<std::int64_t>& group_of) {
    std::visit([&](const auto& l) { add(who, l, group_of); }, law.law());
}

void Rosenblatt::add(const std::string& who, const Joint& law, const GroupOf& group_of) {
    marginals_.emplace(law.laws());
    std::vector<CopulaGroup> whole;
    for (const CopulaGroup& group : law.dependence().groups()) {
        const auto coordinates = group.coordinates.empty() ? all(law.dim()) : group.coordinates;
        if (const auto* gaussian = std::get_if<GaussianCopula>(&group.copula))
            blocks_.push_back({gaussian->correlation(), coordinates, {}, true});
        else if (const auto* student = std::get_if<StudentCopula>(&group.copula))
            blocks_.push_back({student->correlation(), coordinates, SphericalT(student->df(), student->dim()), true});
        else {
            require(in_one_group(coordinates, group_of), who, ": a ", name_of(group.copula),
                    " has no closed conditional law in every order of its inputs: put them into one group, or take a "
                    "GaussianCopula or StudentCopula");
            whole.push_back(group);
        }
    }
    whole_ = Dependence(std::move(whole));
}

void Rosenblatt::add(const std::string&, const MultivariateNormal& law, const GroupOf&) {
    location_ = law.mean();
    scale_ = scales_of(law.covariance());
    blocks_.push_back({correlation_of(law.covariance(), scale_), all(law.dim()), {}, false});
}

void Rosenblatt::add(const std::string&, const MultivariateT& law, const GroupOf&) {
    location_ = law.location();
    scale_ = scales_of(law.scale());
    blocks_.push_back({correlation_of(law.scale(), scale_), all(law.dim()), SphericalT(law.df(), law.dim()), false});
}

void Rosenblatt::add(const std::string& who, const Mixture&, const GroupOf&) {
    detail::refuse(who, ": a Mixture has no closed conditional law in every order of its inputs: put them into one group");
}

void Rosenblatt::correlate(std::span<const std::int64_t> order, View e) const {
    whole_.correlate(e);
    for (const Block& block : blocks_) {
        const auto k = static_cast<std::int64_t>(block.coordinates.size());
        std::vector<std::int64_t> column, coordinate;   // of the block, and of e, as they come in `order`
        for (const std::int64_t c : order) {
            const auto found = std::ranges::find(block.coordinates, c);
            if (found == block.coordinates.end()) continue;
            column.push_back(found - block.coordinates.begin());
            coordinate.push_back(c);
        }
        assert(static_cast<std::int64_t>(column.size()) == k);
        Matrix ordered(k, k);
        for (std::int64_t i = 0; i < k; ++i)
            for (std::int64_t j = 0; j < k; ++j)
                ordered(i, j) = block.correlation(column[static_cast<std::size_t>(i)], column[static_cast<std::size_t>(j)]);
        const Matrix factor = cholesky(ordered, "Rosenblatt", "correlation");
        std::vector<double> z(static_cast<std::size_t>(k));
        for (std::int64_t r = 0; r < e.rows; ++r) {
            for (std::size_t i = 0; i < z.size(); ++i) z[i] = e(r, coordinate[i]);
            if (block.student) block.student->from_normal(z.data());
            multiply_lower(factor, z.data());
            if (block.student && block.copula)
                for (double& t : z) t = block.student->marginal().to_normal(t);
            for (std::size_t i = 0; i < z.size(); ++i) e(r, coordinate[i]) = z[i];
        }
    }
}

void Rosenblatt::from_scores(View scores) const {
    if (marginals_) return marginals_->from_normal(scores, scores);
    for (std::int64_t r = 0; r < scores.rows; ++r)
        for (std::int64_t j = 0; j < scores.cols; ++j)
            scores(r, j) = location_[static_cast<std::size_t>(j)] + scale_[static_cast<std::size_t>(j)] * scores(r, j);
}

}  // namespace buffon
