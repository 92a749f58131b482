#include <buffon/event_labels.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/device_model.hpp>

namespace buffon {

constexpr std::string_view label_word = "label";

bool is_label(const std::string& name) {
    return name.starts_with(label_word) && name.find_first_not_of(" 0123456789", label_word.size()) == name.npos;
}

Problem labelled_exceedance(const std::string& who, const Problem& problem, const std::vector<double>& thresholds) {
    std::vector<std::string> names = exceedance(problem, thresholds).outputs();
    std::int64_t labels = 0;
    for (std::size_t j = 1; j < problem.outputs().size(); ++j) {
        require(is_label(problem.outputs()[j]), who,
                ": thresholds are for a problem with one output beside its labels, got '", problem.outputs()[j],
                "', too");
        names.push_back(problem.outputs()[j]);
        ++labels;
    }
    const auto events = [thresholds, labels](const Outputs& inner) {
        require(inner.y.cols == labels + 1, "it must have one output beside its labels, got ", inner.y.cols);
        const auto m = static_cast<std::int64_t>(thresholds.size());
        Outputs out{Matrix(inner.y.rows, m + labels), Matrix(inner.y.rows, m + labels)};
        for (std::int64_t i = 0; i < inner.y.rows; ++i)
            for (std::int64_t j = 0; j < m + labels; ++j) {
                const double s = inner.y(i, 0) - thresholds[static_cast<std::size_t>(j < m ? j : 0)];
                out.score(i, j) = s;
                out.y(i, j) = j >= m             ? inner.y(i, 1 + j - m)
                              : std::isfinite(s) ? (s > 0 ? 1.0 : 0.0)
                                                 : s;   // a failed evaluation stays visible
            }
        return out;
    };
    Problem out([problem, events](ConstView x) { return events(problem(x)); }, problem.inputs(), std::move(names),
                problem.thread_safe());
    if (!problem.on_device()) return out;
    DeviceModel there = *problem.on_device();
    there.finish = [before = there.finish, events](ConstView x, Outputs& y) {
        if (before) before(x, y);
        y = events(y);
    };
    return out.with_device(std::make_shared<const DeviceModel>(std::move(there)));
}

}  // namespace buffon
