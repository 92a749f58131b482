#include <buffon/sobol_design.hpp>

#include <doctest/doctest.h>

#include <buffon/points.hpp>
#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Distribution inputs = Joint({Normal(1, 2), Uniform(), LogNormal(0, 1)}, {"a", "b", "c"});

SobolDesign design_of(bool both_ways, bool third, Points kind = Points::rqmc) {
    return {inputs, groups_of("test", inputs, {{"ac", {"a", "c"}}}), both_ways, third, kind, 64, 4, 9};
}

/// x of all sets of a segment, (sets, rows, d).
Matrix all_of(const SobolDesign& design, std::int64_t segment) {
    Matrix x(design.sets() * design.segment_rows(), design.dim());
    design.inputs(segment, x);
    return x;
}

}  // namespace

TEST_CASE("sobol_design: each set has its group from the other table and all else from its own") {
    for (const bool third : {false, true}) {
        const SobolDesign design = design_of(true, third);
        CHECK(design.sets() == 6);
        const std::int64_t n = design.segment_rows();
        const Matrix x = all_of(design, 1);
        const auto at = [&](std::int64_t set, std::int64_t i, std::int64_t c) { return x(set * n + i, c); };
        for (std::int64_t i = 0; i < n; ++i) {
            for (const std::int64_t c : {0, 2}) {   // group "ac" is set 2 from A, set 4 from B
                CHECK((at(2, i, c) == at(1, i, c)) == !third);
                CHECK(at(2, i, c) != at(0, i, c));
                CHECK(at(4, i, c) == at(0, i, c));
                CHECK(at(3, i, c) == at(0, i, c));
                CHECK(at(5, i, c) == at(1, i, c));
            }
            CHECK(at(2, i, 1) == at(0, i, 1));
            CHECK(at(4, i, 1) == at(1, i, 1));
            CHECK((at(3, i, 1) == at(1, i, 1)) == !third);
            CHECK(at(5, i, 1) == at(0, i, 1));
        }
    }
}

TEST_CASE("sobol_design: both tables of a replicate are one net: pairs of their coordinates fill the square evenly") {
    const SobolDesign design = design_of(false, false);
    for (std::int64_t r = 0; r < design.replicates(); ++r) {
        Matrix u(64, 6);
        design.uniforms(r * 64, u);
        for (std::int64_t c = 0; c < 6; ++c) {
            std::vector<int> hits(64);
            for (std::int64_t i = 0; i < 64; ++i) ++hits[static_cast<std::size_t>(64 * u(i, c))];
            CHECK(hits == std::vector<int>(64, 1));   // one point in each of 64 intervals
        }
        int quarter[4] = {};
        for (std::int64_t i = 0; i < 64; ++i) ++quarter[2 * (u(i, 0) > 0.5) + (u(i, 3) > 0.5)];   // a in A against a in B
        for (const int q : quarter) CHECK(q == 16);
    }
}

TEST_CASE("sobol_design: columns of a block are the rows of the segment") {
    const SobolDesign design = design_of(true, false);
    const std::int64_t n = design.segment_rows(), d = design.dim();
    const Matrix x = all_of(design, 0);
    std::vector<double> tables(static_cast<std::size_t>(2 * d * n)), block(static_cast<std::size_t>(d * n));
    for (std::int64_t c = 0; c < 2 * d; ++c)
        for (std::int64_t i = 0; i < n; ++i) tables[static_cast<std::size_t>(c * n + i)] = x((c / d) * n + i, c % d);
    for (std::int64_t k = 0; k < design.sets(); ++k) {
        design.next_set(k, Columns{tables.data(), n, 2 * d, n}, {block.data(), n, d, n});
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t c = 0; c < d; ++c) CHECK(block[static_cast<std::size_t>(c * n + i)] == x(k * n + i, c));
    }
}

TEST_CASE("sobol_design: segments are powers of two within a replicate, whatever the number of inputs") {
    const Distribution many = testing::standard_normal(300);
    const SobolDesign design(many, groups_of("test", many, {}), false, false, Points::iid, 1024, 3, 1);
    CHECK(design.points() % design.segment_rows() == 0);
    CHECK(design.segments() == 3 * 1024 / design.segment_rows());
    CHECK(design.segment_rows() * design.sets() * design.dim() <= 1 << 19);
}
