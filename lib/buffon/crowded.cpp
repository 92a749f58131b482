#include <buffon/crowded.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace buffon {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Lines get places along paths of allowed pairs until one finds none; what it reached are the crowded ones.
class Crowded {
public:
    explicit Crowded(const CostLines& costs)
        : costs_(costs), taken_by_(at(costs.columns()), -1), place_of_(at(costs.real_lines()), -1), reached_from_(taken_by_) {
        for (std::int64_t i = 0; i < costs.real_lines(); ++i)
            if (!place(i)) return;
    }
    std::string text() const {
        const std::string line = costs_.swapped() ? "column" : "row", place = costs_.swapped() ? "row" : "column";
        const std::size_t most = 8, n = lines_.size();
        if (n == 1) return line + " " + std::to_string(lines_[0]) + " has no " + place + " that is allowed";
        std::string text = line + "s";
        std::vector<std::int64_t> named = lines_;
        std::ranges::sort(named);
        for (std::size_t k = 0; k < std::min(n, most); ++k) text += (k == 0 ? " " : ", ") + std::to_string(named[k]);
        if (n > most) text += " and " + std::to_string(n - most) + " more";
        return text + " have " + std::to_string(n - 1) + " allowed " + place + (n > 2 ? "s" : "") + " together";
    }

private:
    bool place(std::int64_t first) {
        std::ranges::fill(reached_from_, -1);
        lines_ = {first};
        for (std::size_t k = 0; k < lines_.size(); ++k)
            for (std::int64_t j = 0; j < costs_.columns(); ++j) {
                if (reached_from_[at(j)] >= 0 || std::isinf(costs_.cost(lines_[k], j))) continue;
                reached_from_[at(j)] = lines_[k];
                if (taken_by_[at(j)] < 0) return give(j);
                lines_.push_back(taken_by_[at(j)]);
            }
        return false;
    }
    /// Place j to the line that reached it, that one's place to the line before, and so on.
    bool give(std::int64_t j) {
        while (j >= 0) {
            const std::int64_t line = reached_from_[at(j)];
            taken_by_[at(j)] = line;
            j = std::exchange(place_of_[at(line)], j);
        }
        return true;
    }

    const CostLines& costs_;
    std::vector<std::int64_t> taken_by_, place_of_, reached_from_, lines_;   // lines_: those of the newest search
};

}  // namespace

std::string why_none(const CostLines& costs) { return Crowded(costs).text(); }

}  // namespace buffon
