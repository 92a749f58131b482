/// How small the errors of an answer must be before a run stops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <buffon/check.hpp>

namespace buffon {

/// For the half-width of a value's 95 % interval: the larger of `absolute` and `relative` times the value's size; both
/// 0: any error will do.
struct Tolerance {
    double absolute = 0;
    double relative = 0;

    constexpr Tolerance() = default;
    constexpr Tolerance(double absolute, double relative = 0) : absolute(absolute), relative(relative) {}

    constexpr bool asked() const { return absolute != 0 || relative != 0; }
    double of(double value) const { return std::max(absolute, relative * std::abs(value)); }
};

/// `.target_error = relative(0.01)`: one percent of the value.
constexpr Tolerance relative(double share) { return {0, share}; }

/// One tolerance for all values, one for each by its position, or some by their names; none: a run spends its budget.
class TargetError {
public:
    using Named = std::pair<std::string, Tolerance>;

    TargetError() = default;
    TargetError(double absolute) : TargetError(Tolerance(absolute)) {}
    TargetError(Tolerance all) : all_(all), given_(true) {}
    TargetError(std::vector<Tolerance> each) : each_(std::move(each)), given_(true) {}
    TargetError(std::vector<Named> named) : named_(std::move(named)), given_(true) {}
    TargetError(std::initializer_list<Named> named) : TargetError(std::vector<Named>(named)) {}

    explicit operator bool() const { return given_; }

    /// @throw std::invalid_argument, naming `who`, unless absolute is positive or 0, relative lies in [0, 1), and
    /// something is asked for.
    void check(std::string_view who) const {
        std::vector<Tolerance> all = each_;
        if (each_.empty() && named_.empty()) all.push_back(all_);
        for (const auto& [name, tolerance] : named_) all.push_back(tolerance);
        for (const Tolerance& t : all) {
            require(t.absolute >= 0 && std::isfinite(t.absolute), who,
                    ": target_error must be positive and finite, got ", t.absolute);
            require(t.relative >= 0 && t.relative < 1, who, ": target_error: relative must lie between 0 and 1, got ",
                    t.relative);
        }
        require(!given_ || std::ranges::any_of(all, &Tolerance::asked), who, ": target_error must be positive for some value");
    }

    /// (m) Tolerances of values with these names. A name stands also for the values that end with it after ": ", of several laws.
    /// @throw std::invalid_argument, naming `who`, for another number of tolerances, or a name that is not there.
    std::vector<Tolerance> of(const std::vector<std::string>& values, std::string_view who) const {
        if (!each_.empty())
            require(each_.size() == values.size(), who, ": target_error must hold one tolerance for each of the ",
                    values.size(), " values, got ", each_.size());
        if (!each_.empty()) return each_;
        std::vector<Tolerance> out(values.size(), named_.empty() ? all_ : Tolerance());
        for (const auto& [name, tolerance] : named_) {
            bool found = false;
            for (std::size_t j = 0; j < values.size(); ++j) {
                if (values[j] != name && !values[j].ends_with(": " + name)) continue;
                out[j] = tolerance;
                found = true;
            }
            require(found, who, ": target_error: no value '", name, "'");
        }
        return out;
    }

private:
    Tolerance all_;
    std::vector<Tolerance> each_;
    std::vector<Named> named_;
    bool given_ = false;
};

}  // namespace buffon
