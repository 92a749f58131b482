#include <buffon/device_law.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <variant>
#include <vector>

#include <buffon/device_sample.hpp>
#include <buffon/joint.hpp>

using namespace buffon;

namespace {

const std::vector<Univariate> laws{
    Uniform(-2, 5), Normal(1, 0.3),    LogNormal(0.2, 0.5),     Exponential(2.5),    Weibull(1.7, 2.0, -1.0),
    Gumbel(3, 0.4), Logistic(-1, 0.7), Triangular(-1, 0.25, 2), Triangular(0, 0, 1), Constant(4)};

DeviceLaw form_of(const Univariate& law) { return DeviceInputs::of(Joint({law}))->laws.front(); }

}  // namespace

TEST_CASE("DeviceLaw: quantiles are those of the laws to rounding, in the tails too") {
    for (std::size_t k = 0; k < laws.size(); ++k) {
        CAPTURE(k);
        const DeviceLaw form = form_of(laws[k]);
        for (const double p : {0x1p-53, 1e-12, 1e-3, 0.07, 0.31, 0.5, 0.68, 0.93, 0.999, 1 - 1e-9}) {
            const double expected = std::visit([=](const auto& l) { return l.quantile(p); }, laws[k]);
            CHECK(std::abs(form.quantile(p) - expected) <= 4e-15 * (1 + std::abs(expected)));
            if (k < 3) CHECK(form.quantile(p) == expected);   // these forms are the same
        }
    }
}

TEST_CASE("DeviceLaw: from normal scores as the laws have it") {
    for (std::size_t k = 0; k < laws.size(); ++k) {
        CAPTURE(k);
        const DeviceLaw form = form_of(laws[k]);
        for (const double z : {-7.5, -3.0, -0.4, 0.0, 0.3, 2.2, 6.8}) {
            const double expected = std::visit([=](const auto& l) { return l.from_normal(z); }, laws[k]);
            CHECK(std::abs(form.from_normal(z) - expected) <= 4e-14 * (1 + std::abs(expected)));
        }
    }
}

TEST_CASE("DeviceInputs: laws without a closed form, and more than a device keeps, have none") {
    CHECK(!DeviceInputs::of(Joint({Uniform(0, 1), Gamma(2.0, 1.0)})));
    CHECK(!DeviceInputs::of(Joint(std::vector<Univariate>(65, Uniform(0, 1)))));
    CHECK(!DeviceInputs::of(Mixture({1.0}, {MultivariateNormal({0.0}, Matrix(1, 1, 1.0))})));
    CHECK(DeviceInputs::of(Joint(std::vector<Univariate>(64, Uniform(0, 1))))->laws.size() == 64);
}
