#include <buffon/diffusion/thresholded.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

Matrix of_identity(const ThresholdedOptions& options, const Matrix& x) {
    const Denoiser same(x.cols, [](const Query& q, View out) { std::copy_n(q.x.data, q.x.size(), out.data); });
    Matrix out(x.rows, x.cols);
    const double sigma = 1.0;
    thresholded(same, options).denoise({x, std::span(&sigma, 1), {}, 1}, out);
    return out;
}

}  // namespace

TEST_CASE("thresholded: static cuts off; dynamic divides by the sample's own quantile, where that is above max") {
    Matrix x(2, 5);
    x.data = {0.1, -0.5, 4.0, -1.5, 2.0, 0.1, 0.2, 0.3, 0.4, -1.0};
    CHECK(of_identity({.kind = ThresholdKind::fixed, .max = 1.5}, x).data ==
          std::vector<double>{0.1, -0.5, 1.5, -1.5, 1.5, 0.1, 0.2, 0.3, 0.4, -1.0});
    const Matrix dynamic = of_identity({.ratio = 0.6}, x);   // sizes 0.1 0.5 1.5 2 4: place 2.4, q = 1.7
    CHECK(dynamic(0, 0) == doctest::Approx(0.1 / 1.7).epsilon(1e-15));
    CHECK(dynamic(0, 2) == 1.0);
    CHECK(dynamic(0, 3) == doctest::Approx(-1.5 / 1.7).epsilon(1e-15));
    CHECK(dynamic(1, 4) == -1.0);
    CHECK(dynamic(1, 0) == 0.1);
    CHECK(of_identity({.ratio = 1.0, .max = 2.0}, x)(0, 2) == 2.0);
}

TEST_CASE("thresholded: what makes no sense is refused") {
    CHECK_THROWS_AS(of_identity({.ratio = 1.1}, Matrix(1, 1)), std::invalid_argument);
    CHECK_THROWS_AS(of_identity({.max = 0.0}, Matrix(1, 1)), std::invalid_argument);
}
