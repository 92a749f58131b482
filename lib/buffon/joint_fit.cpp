#include <buffon/joint_fit.hpp>

#include <utility>

#include <buffon/check.hpp>

namespace buffon {
namespace {

LawFit fit_column(ConstView data, std::int64_t j, const std::string& family) {
    std::vector<double> column;
    for (std::int64_t i = 0; i < data.rows; ++i) column.push_back(data(i, j));
    return fit_law(family, column);
}

}  // namespace

JointFit fit_joint(ConstView data, const std::vector<std::string>& names, const std::vector<std::string>& marginals,
                   const std::string& copula) {
    require(static_cast<std::int64_t>(marginals.size()) == data.cols,
            "fit_joint: marginals must have one family per column, ", data.cols, ", got ", marginals.size());
    std::vector<LawFit> fits;
    std::vector<Univariate> laws;
    for (std::int64_t j = 0; j < data.cols; ++j) {
        fits.push_back(fit_column(data, j, marginals[static_cast<std::size_t>(j)]));
        laws.push_back(fits.back().law);
    }
    JointFit out{Joint(laws, names), std::move(fits), std::nullopt, {}};
    if (copula == "none") return out;
    if (copula == "best") {
        out.compared = compare_copulas(data);
        if (out.compared.front().aic() < 0) out.copula = out.compared.front();   // 0: of independence
    } else {
        out.copula = fit_copula(copula, data);
    }
    if (out.copula)
        out.joint =
            Joint(std::move(laws), names, std::visit([](const auto& c) { return Dependence(c); }, out.copula->copula));
    return out;
}

}  // namespace buffon
