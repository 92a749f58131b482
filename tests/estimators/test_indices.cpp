#include <buffon/indices.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("indices: parts have their names, values and block of the covariance") {
    Estimate joint;
    joint.n = 77;
    joint.covariance = Matrix(15, 15);
    for (std::int64_t i = 0; i < 15; ++i) {
        joint.value.push_back(static_cast<double>(i));
        for (std::int64_t j = 0; j < 15; ++j) joint.covariance(i, j) = static_cast<double>(15 * i + j);
    }
    const Indices s = indices_of(joint, {"a", "b"}, {"y", "z"}, true);
    CHECK(s.first_order.names == std::vector<std::string>{"a: y", "a: z", "b: y", "b: z"});
    CHECK(s.total_order.names == s.first_order.names);
    CHECK(s.second_order.names == std::vector<std::string>{"a, b: y", "a, b: z"});
    CHECK(s.total_order.value == std::vector<double>{4, 5, 6, 7});
    CHECK(s.total_order.covariance(1, 2) == 15 * 5 + 6);
    CHECK(s.second_order.covariance(0, 1) == 15 * 8 + 9);
    CHECK(s.first_order.n == 77);
    CHECK(s.joint.names[5] == "total order of a: z");
    CHECK(s.joint.names[9] == "second order of a, b: z");
    CHECK(s.aggregated.names == std::vector<std::string>{"first order of a", "first order of b", "total order of a",
                                                         "total order of b", "second order of a, b"});
    CHECK(s.aggregated.value == std::vector<double>{10, 11, 12, 13, 14});
    CHECK(s.aggregated.covariance(0, 4) == 15 * 10 + 14);
    CHECK(s.joint.names[14] == "second order of a, b");
}

TEST_CASE("indices: one output goes without its name, and there may be no second order") {
    Estimate joint;
    joint.value = {0.1, 0.2, 0.3, 0.4};
    joint.covariance = Matrix(4, 4);
    const Indices s = indices_of(joint, {"a", "b"}, {"y"}, false);
    CHECK(s.first_order.names == std::vector<std::string>{"a", "b"});
    CHECK(s.second_order.size() == 0);
    CHECK(s.aggregated.value == s.joint.value);
    CHECK(s.aggregated.names == s.joint.names);
    CHECK(s.joint.names ==
          std::vector<std::string>{"first order of a", "first order of b", "total order of a", "total order of b"});
}
