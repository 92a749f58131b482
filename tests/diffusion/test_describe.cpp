#include <buffon/diffusion/describe.hpp>

#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <tuple>
#include <vector>

namespace {

struct Options {
    int order = 2;
    std::optional<double> left = {};
    std::optional<double> right = 0.5;
    bool flag = true;
    std::vector<int> none = {};
    std::vector<int> steps = {1, 4};
    std::function<void()> function = {};

    static constexpr auto fields() {
        return std::tuple{buffon::Field{"order", &Options::order, ""}, buffon::Field{"left", &Options::left, ""},
                          buffon::Field{"right", &Options::right, ""}, buffon::Field{"flag", &Options::flag, ""},
                          buffon::Field{"none", &Options::none, ""}, buffon::Field{"steps", &Options::steps, ""},
                          buffon::Field{"function", &Options::function, ""}};
    }
};

}  // namespace

TEST_CASE("describe: members as Python would be told them; what is empty or a function is left out") {
    CHECK(buffon::diffusion::describe(Options{}) == "order=2, right=0.5, flag=True, steps=[1, 4]");
    CHECK(buffon::diffusion::describe(buffon::diffusion::DpmOptions{}) ==
          "order=2, method='multistep', second='midpoint', third='exact', sde=False, lower_order_final=True");
}

TEST_CASE("describe: as many digits as make the same number again") {
    Options options{.right = 1.0 / 3};
    const std::string text = buffon::diffusion::describe(options);
    const auto begin = text.find("right=") + 6;
    CHECK(std::stod(text.substr(begin, text.find(',', begin) - begin)) == 1.0 / 3);
    options.right = 1e-4;
    CHECK(buffon::diffusion::describe(options).find("right=0.0001,") != std::string::npos);
}
