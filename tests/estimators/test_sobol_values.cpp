#include <buffon/sobol_values.hpp>

#include <cmath>
#include <limits>
#include <memory>

#include <doctest/doctest.h>

#include <buffon/points.hpp>
#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// Everything that comes, segment after segment.
std::vector<SegmentValues> all_of(Evaluation& evaluation, const SobolDesign& design) {
    std::vector<SegmentValues> all;
    SobolValues values(evaluation, design);
    for (std::vector<SegmentValues> next; !(next = values.next()).empty();)
        for (auto& v : next) all.push_back(std::move(v));
    CHECK(values.done() == design.segments());
    return all;
}

SobolDesign design_of(const Problem& problem, std::int64_t points = 256) {
    return {problem.inputs(), groups_of("test", problem.inputs(), {}), true, false, Points::rqmc, points, 5, 3};
}

const Problem ishigami = testing::ishigami().problem;
/// The same without a form by columns.
const Problem by_rows(Model([](ConstView x) { return ishigami(x); }), ishigami.inputs(), {"y"});

}  // namespace

TEST_CASE("sobol_values: a model of columns gives the bits of one of rows, and both are counted") {
    const Run run{.budget = 100'000, .rng = 3};
    Evaluation fused("test", ishigami, run), slow("test", by_rows, run);
    const SobolDesign design = design_of(ishigami, 4096);
    const auto a = all_of(fused, design), b = all_of(slow, design);
    REQUIRE(a.size() == b.size());
    for (std::size_t s = 0; s < a.size(); ++s) CHECK(a[s].y == b[s].y);
    CHECK(fused.n() == 5 * 4096 * 8);
    CHECK(slow.n() == fused.n());
}

TEST_CASE("sobol_values: values are the model at the inputs of the design") {
    const Run run{.budget = 100'000, .rng = 3, .batch = 1000};
    Evaluation evaluation("test", by_rows, run);
    const SobolDesign design = design_of(by_rows);
    const auto values = all_of(evaluation, design);
    Matrix x(design.sets() * design.segment_rows(), 3);
    design.inputs(4, x);
    const Outputs wanted = ishigami(x);
    for (std::int64_t k = 0; k < design.sets(); ++k)
        for (std::int64_t i = 0; i < design.segment_rows(); ++i)
            CHECK(values[4].column(k, 0)[i] == wanted.y(k * design.segment_rows() + i, 0));
}

TEST_CASE("sobol_values: a row with one failed evaluation is out whole, from either form") {
    const auto limited = [](std::span<const double> x) {
        return x[0] > 3.1 ? std::numeric_limits<double>::quiet_NaN() : x[0] + x[1];
    };
    const Problem problem(limited, ishigami.inputs());
    const Run run{.budget = 100'000, .rng = 3, .on_error = OnError::discard};
    Evaluation evaluation("test", problem, run);
    const SobolDesign design = design_of(problem);
    std::int64_t failed = 0, rows = 0;
    for (const SegmentValues& v : all_of(evaluation, design)) {
        rows += static_cast<std::int64_t>(v.failed.size());
        for (const std::int64_t i : v.failed)
            for (std::int64_t k = 0; k < v.sets; ++k) CHECK(v.column(k, 0)[i] == 0);
        for (const double y : v.y) failed += !std::isfinite(y);
    }
    CHECK(failed == 0);
    CHECK(rows > 0);
    CHECK(evaluation.n_failed() > rows);   // x1 stands in several sets of a row
}

TEST_CASE("sobol_values: a model of columns that fails is asked again by rows, which say where") {
    const Problem problem(
        [](std::span<const double> x) { return x[2] > 3 ? throw std::runtime_error("too far") : x[2]; },
        ishigami.inputs());
    const Run run{.budget = 100'000, .rng = 3};
    Evaluation evaluation("test", problem, run);
    const SobolDesign design = design_of(problem);
    CHECK_THROWS_WITH_AS(all_of(evaluation, design), doctest::Contains("too far"), ModelError);
}

TEST_CASE("sobol_values: a run that stops early finds its points again") {
    const auto count = std::make_shared<int>(0);
    const Run run{.budget = 1'000'000, .rng = 3, .progress = [=](std::int64_t, std::int64_t) {
                      if (++*count == 3) throw Interrupted();
                  }};
    Evaluation evaluation("test", ishigami, run);
    const SobolDesign design = design_of(ishigami, 16'384);
    try {
        all_of(evaluation, design);
        FAIL("not stopped");
    } catch (const Interrupted& stopped) {
        REQUIRE(stopped.sample.n() == evaluation.n());
        const Outputs again = ishigami(stopped.sample.x);
        CHECK(again.y.data == stopped.sample.y.data);
    }
}
