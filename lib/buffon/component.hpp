/// The components of a sampling density: laws of several families in one list. Not installed.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include <buffon/gaussians.hpp>
#include <buffon/view.hpp>
#include <buffon/vmfn.hpp>

namespace buffon {

using Component = std::variant<Gaussian, VonMisesFisherNakagami>;

/// Whether draws use a number of their own for the radius.
bool draws_radius(const Component& component);
/// z <- a draw, from one row of standard normal coordinates and, where draws_radius, v in (0, 1).
void place(const Component& component, double* z, double v);

/// Densities of K of them at n points at once, each family by its own loop.
class Components {
public:
    explicit Components(const std::vector<Component>& components);

    /// log density of component k at row i of z (n, d) into out(i, first + k).
    void log_density(ConstView z, View out, std::int64_t first = 0) const;

private:
    /// Neighbours of one family.
    struct Run {
        std::int64_t first;
        std::variant<Gaussians, VonMisesFisherNakagamis> laws;
    };
    std::vector<Run> runs_;
};

}  // namespace buffon
