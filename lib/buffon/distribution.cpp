#include <buffon/distribution.hpp>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>

#include <algorithm>
#include <type_traits>

namespace buffon {
namespace {

/// Rows that are drawn and mapped at a time, so that the uniforms are still in the cache when they are mapped.
constexpr std::int64_t slice_rows = 256;

void check_table(const char* function, const char* argument, ConstView table, std::int64_t dim) {
    require(table.cols == dim, "Distribution::", function, ": ", argument, " must have shape (n, ", dim, "), got (", table.rows,
            ", ", table.cols, ")");
}

void check_maps(const char* function, const char* from, ConstView in, const char* to, ConstView out, std::int64_t dim) {
    check_table(function, from, in, dim);
    require(out.rows == in.rows && out.cols == dim, "Distribution::", function, ": ", to, " must have shape (", in.rows, ", ",
            dim, ") like ", from, ", got (", out.rows, ", ", out.cols, ")");
}

template <class L>
void map_uniforms(const L& law, ConstView v, View x) {
    if constexpr (std::is_same_v<L, Joint>) {
        law.from_uniform(v, x);
    } else {
        if (v.data != x.data) std::copy_n(v.data, v.size(), x.data);
        kernels().normal_quantiles(x.data, x.size());
        law.from_normal(x, x);
    }
}

}  // namespace

Distribution::Distribution(Joint law) : law_(std::make_shared<const Law>(std::move(law))) {}
Distribution::Distribution(MultivariateNormal law) : law_(std::make_shared<const Law>(std::move(law))) {}
Distribution::Distribution(MultivariateT law) : law_(std::make_shared<const Law>(std::move(law))) {}
Distribution::Distribution(Mixture law) : law_(std::make_shared<const Law>(std::move(law))) {}
Distribution::Distribution(Univariate law) : Distribution(Joint({std::move(law)})) {}

std::int64_t Distribution::dim() const {
    return std::visit([](const auto& law) { return law.dim(); }, *law_);
}

std::vector<std::string> Distribution::names() const {
    return std::visit([](const auto& law) { return law.names(); }, *law_);
}

Support Distribution::support(std::int64_t j) const {
    require(j >= 0 && j < dim(), "Distribution::support: j must be a coordinate, 0 ... ", dim() - 1, ", got ", j);
    return std::visit([&](const auto& law) { return law.support(j); }, *law_);
}

std::vector<double> Distribution::mean() const {
    return std::visit([](const auto& law) -> std::vector<double> { return law.mean(); }, *law_);
}

Matrix Distribution::covariance() const {
    return std::visit([](const auto& law) -> Matrix { return law.covariance(); }, *law_);
}

void Distribution::log_density(ConstView x, std::span<double> out) const {
    check_table("log_density", "x", x, dim());
    require(out.size() == static_cast<std::size_t>(x.rows), "Distribution::log_density: out must have one entry per row of x, ",
            x.rows, ", got ", out.size());
    std::visit([&](const auto& law) { law.log_density(x, out); }, *law_);
}

void Distribution::to_normal(ConstView x, View u) const {
    check_maps("to_normal", "x", x, "u", u, dim());
    std::visit([&](const auto& law) { law.to_normal(x, u); }, *law_);
}

void Distribution::from_normal(ConstView u, View x) const {
    check_maps("from_normal", "u", u, "x", x, dim());
    std::visit([&](const auto& law) { law.from_normal(u, x); }, *law_);
}

void Distribution::from_uniform(ConstView v, View x) const {
    check_maps("from_uniform", "v", v, "x", x, dim());
    std::visit([&](const auto& law) { map_uniforms(law, v, x); }, *law_);
}

void Distribution::sample(const Stream& stream, std::int64_t first, View x) const {
    check_table("sample", "x", x, dim());
    std::visit([&](const auto& law) {
        for (std::int64_t row = 0; row < x.rows; row += slice_rows) {
            const View slice = x.slice(row, std::min(slice_rows, x.rows - row));
            stream.uniform(first + row, slice);
            map_uniforms(law, slice, slice);
        }
    }, *law_);
}

}  // namespace buffon
