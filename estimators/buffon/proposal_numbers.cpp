#include <buffon/proposal_numbers.hpp>

#include <algorithm>

#include <buffon/check.hpp>

namespace buffon {
namespace {

std::vector<double> parameters(const Gaussian& law) {
    std::vector<double> out{0, law.degrees};
    out.insert(out.end(), law.mean.begin(), law.mean.end());
    out.insert(out.end(), law.factor.data.begin(), law.factor.data.end());
    return out;
}

std::vector<double> parameters(const VonMisesFisherNakagami& law) {
    std::vector<double> out{1, law.concentration(), law.shape(), law.spread()};
    out.insert(out.end(), law.direction().begin(), law.direction().end());
    return out;
}

}  // namespace

std::vector<double> numbers_of(const Component& component) {
    return std::visit([](const auto& law) { return parameters(law); }, component);
}

Component component_of(std::span<const double> numbers, std::int64_t dim) {
    const auto d = static_cast<std::size_t>(dim);
    if (!numbers.empty() && numbers[0] == 0 && numbers.size() == 2 + d + d * d) {
        Gaussian law{{numbers.begin() + 2, numbers.begin() + 2 + dim}, Matrix(dim, dim), numbers[1]};
        std::ranges::copy(numbers.subspan(2 + d), law.factor.data.begin());
        return law;
    }
    require(numbers.size() == 4 + d && numbers[0] == 1, "component_of: no component in ", dim, " dimensions has these ",
            numbers.size(), " numbers");
    return VonMisesFisherNakagami({numbers.begin() + 4, numbers.end()}, numbers[1], numbers[2], numbers[3]);
}

}  // namespace buffon
