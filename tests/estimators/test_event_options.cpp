#include <buffon/event_options.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/cross_entropy.hpp>
#include <buffon/form.hpp>

using namespace buffon;

namespace {

template <class Options>
std::vector<std::string> described() {
    return std::apply(
        [](const auto&... field) { return std::vector{std::string(field.name) + ": " + std::string(field.help)...}; },
        Options::fields());
}

}  // namespace

TEST_CASE("event options: the five of the sample come last, with one description") {
    const auto form = described<FormOptions>(), cross_entropy = described<CrossEntropyOptions>();
    REQUIRE(form.size() == 11);
    REQUIRE(cross_entropy.size() == 14);
    for (std::size_t k = 1; k <= 5; ++k) CHECK(form[form.size() - k] == cross_entropy[cross_entropy.size() - k]);
    CHECK(form[6].starts_with("points:"));
    CHECK(form[0].starts_with("starts:"));
}

TEST_CASE("event options: all that the final sample of aiscv reads arrives there") {
    const AiscvOptions a = sample_options(FormOptions{
        .adaptation = 0.25, .points = Points::iid, .weights = {2}, .defensive = 0.3, .cut = 0.5, .replicates = 7});
    CHECK(a.adaptation == 0.25);
    CHECK(a.points == Points::iid);
    CHECK(a.weights == std::vector<double>{2});
    CHECK(a.defensive == 0.3);
    CHECK(a.cut == 0.5);
    CHECK(a.replicates == 7);
    const AiscvOptions b = sample_options(
        CrossEntropyOptions{.batch_fraction = 0.1, .components = 3, .family = Family::student, .degrees = 5});
    CHECK(b.batch_fraction == 0.1);
    CHECK(b.components == 3);
    CHECK(b.family == Family::student);
    CHECK(b.degrees == 5);
    CHECK(b.variant == Variant::safe);   // another enum than that of the levels
}
