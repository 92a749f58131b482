// Buffon's needle: one as long as the boards are wide crosses a gap with probability 2/pi.
#include <buffon/joint.hpp>
#include <buffon/plain.hpp>

#include <cmath>
#include <iostream>

int main() {
    const buffon::Joint inputs({buffon::Uniform(0.0, 0.5), buffon::Uniform(0.0, std::acos(0.0))}, {"distance", "angle"});
    const buffon::Problem needle([](std::span<const double> x) { return x[0] < 0.5 * std::sin(x[1]) ? 1.0 : 0.0; }, inputs);
    const auto estimate = buffon::plain(needle, {.budget = 1'000'000, .rng = 1});
    const auto [low, high] = estimate.confidence_interval(0.95);
    std::cout << estimate.text() << "\n" << low[0] << " " << high[0] << "\n";
}
