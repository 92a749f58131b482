#include <buffon/target_error.hpp>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

std::string complaint(const TargetError& target, const std::vector<std::string>& names) {
    try {
        target.check("plain");
        (void)target.of(names, "plain");
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no complaint";
}

const std::vector<std::string> names{"mean", "P"};

}  // namespace

TEST_CASE("Tolerance: the larger of an absolute one and a share of the value's size") {
    CHECK(Tolerance(0.5).of(-100) == 0.5);
    CHECK(relative(0.25).of(-8) == 2);
    CHECK(Tolerance(0.5, 0.25).of(-8) == 2);
    CHECK(Tolerance(0.5, 0.25).of(1) == 0.5);
    CHECK(!Tolerance().asked());
}

TEST_CASE("TargetError: one number for all values, one for each, or some by name") {
    CHECK(!TargetError());
    const TargetError all = 0.5, share = relative(0.25), each = std::vector<Tolerance>{0.5, relative(0.25)},
                      one{{"P", relative(0.25)}};
    CHECK(all);
    CHECK(one);
    for (const Tolerance& t : all.of(names, "plain")) CHECK(t.absolute == 0.5);
    for (const Tolerance& t : share.of(names, "plain")) CHECK(t.relative == 0.25);
    CHECK(each.of(names, "plain")[0].absolute == 0.5);
    CHECK(each.of(names, "plain")[1].relative == 0.25);
    CHECK(!one.of(names, "plain")[0].asked());
    CHECK(one.of(names, "plain")[1].relative == 0.25);
}

TEST_CASE("TargetError: a name stands for the values of all laws") {
    const TargetError named{{"P", 0.5}, {"law 2: mean", 0.25}};
    const std::vector<Tolerance> t = named.of({"law 1: mean", "law 1: P", "law 2: mean", "law 2: P"}, "aiscv");
    CHECK(!t[0].asked());
    CHECK(t[1].absolute == 0.5);
    CHECK(t[2].absolute == 0.25);
    CHECK(t[3].absolute == 0.5);
}

TEST_CASE("TargetError: what cannot be is refused with its number or name") {
    CHECK(complaint(0.1, names) == "no complaint");
    CHECK(complaint(-0.1, names) == "plain: target_error must be positive and finite, got -0.1");
    CHECK(complaint(std::numeric_limits<double>::infinity(), names) ==
          "plain: target_error must be positive and finite, got inf");
    CHECK(complaint(0.0, names) == "plain: target_error must be positive for some value");
    CHECK(complaint(relative(1), names) == "plain: target_error: relative must lie between 0 and 1, got 1");
    CHECK(complaint(std::vector<Tolerance>{0.1}, names) ==
          "plain: target_error must hold one tolerance for each of the 2 values, got 1");
    CHECK(complaint(std::vector<TargetError::Named>{{"Q", 0.1}}, names) == "plain: target_error: no value 'Q'");
}
