#include <buffon/event_labels.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// y = x_1 and whatever is named beside it, x_2.
Problem beside(std::vector<std::string> names) {
    const auto m = static_cast<std::int64_t>(names.size());
    return Problem(Model([m](ConstView x) {
        Outputs out{Matrix(x.rows, m), {}};
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < out.y.cols; ++j) out.y(i, j) = x(i, j == 0 ? 0 : 1);
        return out;
    }), testing::standard_normal(2), std::move(names));
}

}  // namespace

TEST_CASE("event_labels: 'label' and 'label 3' are labels, words that begin alike are not") {
    CHECK(is_label("label"));
    CHECK(is_label("label 3"));
    CHECK(is_label("label 12"));
    CHECK(!is_label("labels"));
    CHECK(!is_label("label x"));
    CHECK(!is_label("mass"));
}

TEST_CASE("event_labels: events of a threshold each with their scores, labels as they were, and a failed evaluation stays one") {
    const Problem events = labelled_exceedance("test", beside({"y", "label"}), {1, 2});
    CHECK(events.outputs() == std::vector<std::string>{"P(y > 1)", "P(y > 2)", "label"});
    Matrix x(3, 2);
    x.data = {1.5, 7, 3, 8, std::numeric_limits<double>::quiet_NaN(), 9};
    const Outputs out = events(x);
    CHECK(out.y.data[0] == 1);
    CHECK(out.y(0, 1) == 0);
    CHECK(out.y(0, 2) == 7);
    CHECK(out.score(0, 0) == 0.5);
    CHECK(out.score(0, 1) == -0.5);
    CHECK(out.y(1, 1) == 1);
    CHECK(std::isnan(out.y(2, 0)));
    CHECK(out.y(2, 2) == 9);
}

TEST_CASE("event_labels: an output that is none beside the first is refused by name") {
    CHECK_THROWS_WITH_AS(labelled_exceedance("arcs", beside({"y", "mass"}), {1}),
                         "arcs: thresholds are for a problem with one output beside its labels, got 'mass', too",
                         std::invalid_argument);
}
