#include <buffon/component.hpp>

namespace buffon {
namespace {

std::variant<Gaussians, VonMisesFisherNakagamis> laws_of(const std::vector<Component>& neighbours) {
    if (std::holds_alternative<Gaussian>(neighbours.front())) {
        std::vector<Gaussian> laws;
        for (const Component& c : neighbours) laws.push_back(std::get<Gaussian>(c));
        return Gaussians(laws);
    }
    std::vector<VonMisesFisherNakagami> laws;
    for (const Component& c : neighbours) laws.push_back(std::get<VonMisesFisherNakagami>(c));
    return VonMisesFisherNakagamis(std::move(laws));
}

}  // namespace

bool draws_radius(const Component& component) {
    const auto* gaussian = std::get_if<Gaussian>(&component);
    return gaussian == nullptr || gaussian->heavy();
}

void place(const Component& component, double* z, double v) {
    std::visit([=](const auto& law) { law.place(z, v); }, component);
}

Components::Components(const std::vector<Component>& components) {
    for (std::size_t k = 0; k < components.size();) {
        std::size_t end = k + 1;
        while (end < components.size() && components[end].index() == components[k].index()) ++end;
        const auto at = components.begin();
        runs_.push_back({static_cast<std::int64_t>(k),
                         laws_of({at + static_cast<std::ptrdiff_t>(k), at + static_cast<std::ptrdiff_t>(end)})});
        k = end;
    }
}

void Components::log_density(ConstView z, View out, std::int64_t first) const {
    for (const Run& run : runs_)
        std::visit([&](const auto& laws) { laws.log_density(z, out, first + run.first); }, run.laws);
}

}  // namespace buffon
