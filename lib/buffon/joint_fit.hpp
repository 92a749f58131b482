/// The law of a table of measurements: a marginal law per column and a copula of their ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <buffon/copula_fit.hpp>
#include <buffon/joint.hpp>
#include <buffon/law_fit.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct JointFit {
    Joint joint;
    std::vector<LawFit> marginals;           // in the order of the columns
    std::optional<CopulaFit> copula;         // none: independent
    std::vector<CopulaFit> compared;         // of "best": all families, the smallest AIC first
};

/// @param data (n, d): one row per observation. NaN is a missing value: left out of its column's fit, and its row out of the
/// copula's; both fits say how many.
/// @param marginals  one family of law_families() per column.
/// @param copula  one of copula_families(), "best" (the smallest AIC, independence included), or "none".
/// @throw std::invalid_argument naming the defect.
JointFit fit_joint(ConstView data, const std::vector<std::string>& names, const std::vector<std::string>& marginals,
                   const std::string& copula);

}  // namespace buffon
