#include <buffon/fields.hpp>

#include <buffon/run.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <tuple>

using namespace buffon;

namespace {

struct Options {
    int a = 1;
    double b = 2.5;
    static constexpr auto fields() { return std::tuple{Field{"a", &Options::a, "first"}, Field{"b", &Options::b, "second"}}; }
};
struct Bare {
    int a;
};
static_assert(Described<Options> && Described<Run> && !Described<Bare>);

}  // namespace

TEST_CASE("fields name members through which they can be read and written") {
    Options o;
    std::apply([&](const auto&... field) { ((o.*field.member = 7), ...); }, Options::fields());
    CHECK(o.a == 7);
    CHECK(o.b == 7.0);
    CHECK(std::get<1>(Options::fields()).name == "b");
}

TEST_CASE("each field of Run has its own name and a help text") {
    std::set<std::string> names;
    std::apply([&](const auto&... field) {
        ((names.emplace(field.name)), ...);
        const auto check = [](const auto& f) { CHECK(f.help.size() > 10); };
        (check(field), ...);
    }, Run::fields());
    CHECK(names.size() == std::tuple_size_v<decltype(Run::fields())>);
    for (const char* name : {"budget", "rng", "batch", "threads", "on_error", "keep", "progress"}) CHECK(names.contains(name));
}

TEST_CASE("names of enumerators stand in the order of their values") {
    CHECK(EnumNames<OnError>::names[static_cast<std::size_t>(OnError::raise)] == "raise");
    CHECK(EnumNames<OnError>::names[static_cast<std::size_t>(OnError::discard)] == "discard");
    CHECK(EnumNames<Keep>::names[static_cast<std::size_t>(Keep::nothing)] == "nothing");
    CHECK(EnumNames<Keep>::names[static_cast<std::size_t>(Keep::sample)] == "sample");
}
