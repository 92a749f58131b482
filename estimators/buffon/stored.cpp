#include <buffon/stored.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/hash.hpp>
#include <buffon/proposal_numbers.hpp>

namespace buffon {
namespace {

Matrix row_of(std::vector<double> numbers) {
    Matrix row(1, 0);
    row.cols = static_cast<std::int64_t>(numbers.size());
    row.data = std::move(numbers);
    return row;
}

void append(std::vector<double>& to, const std::vector<double>& from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace

std::uint64_t fingerprint(const Distribution& law) {
    const std::int64_t d = law.dim();
    Hash hash;
    for (const auto& name : law.names()) hash.add(name);
    Matrix v(3, d), x(3, d);
    for (std::int64_t i = 0; i < 3; ++i)   // multiples of the golden ratio: no two coordinates alike
        for (std::int64_t j = 0; j < d; ++j)
            v(i, j) = std::fmod(0.13 + 0.6180339887498949 * static_cast<double>(3 * j + i + 1), 1.0);
    law.from_uniform(v, x);
    std::vector<double> log_density(3);
    law.log_density(x, log_density);
    for (const double number : x.data) hash.add(number);
    for (const double number : log_density) hash.add(number);
    return hash.value();
}

std::string words_with_state() { return "plain, quasi, importance, control, aiscv, amis, cross_entropy, form or sobol"; }

void require_no_state(const std::string& who, const Run& run) {
    require(run.keep != Keep::state, who, ": keep must not be 'state': there is no way to go on, only after ",
            words_with_state());
}

State begin_state(const std::string& estimator, const Evaluation& evaluate, const std::vector<Distribution>& laws) {
    State state{estimator, evaluate.problem().inputs().names(), evaluate.names(), {fingerprint(evaluate.problem().inputs())}, {}};
    for (const Distribution& law : laws) state.laws.push_back(fingerprint(law));
    store(state, "discards", {evaluate.discards() ? 1.0 : 0.0});
    return state;
}

void store(State& state, const std::string& name, const std::vector<double>& numbers) { state.tables[name] = row_of(numbers); }

void store(State& state, const std::string& name, std::initializer_list<double> numbers) {
    store(state, name, std::vector<double>(numbers));
}

void store(State& state, const std::string& name, const Moments& m) {
    std::vector<double> all{static_cast<double>(m.mean.size()), static_cast<double>(m.n)};
    append(all, m.mean);
    append(all, m.scatter.data);
    store(state, name, all);
}

void store(State& state, const std::string& name, const CrossProducts& sums) {
    std::vector<double> all{static_cast<double>(sums.x.size()), static_cast<double>(sums.t.size()), sums.n};
    for (const auto* part : {&sums.x, &sums.t, &sums.xx.data, &sums.xt.data}) append(all, *part);
    store(state, name, all);
}

void store(State& state, const Proposal& proposal) {
    store(state, "alpha", proposal.alpha());
    for (std::size_t k = 0; k < proposal.components().size(); ++k)
        store(state, "component " + std::to_string(k), numbers_of(proposal.components()[k]));
}

std::vector<double> Reader::take(std::size_t count) {
    require(count <= from_.size() - at_, "extend: the state is damaged");
    at_ += count;
    return {from_.begin() + static_cast<std::ptrdiff_t>(at_ - count), from_.begin() + static_cast<std::ptrdiff_t>(at_)};
}

std::size_t Reader::size() {
    const double count = take(1)[0];
    require(count >= 0 && count <= static_cast<double>(from_.size()), "extend: the state is damaged");
    return static_cast<std::size_t>(count);
}

Matrix Reader::matrix(std::size_t rows, std::size_t cols) {
    Matrix out(static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols));
    out.data = take(rows * cols);
    return out;
}

const Matrix& table(const State& state, const std::string& name) {
    const auto found = state.tables.find(name);
    require(found != state.tables.end(), "extend: the state is damaged: it has no '", name, "'");
    return found->second;
}

const std::vector<double>& numbers(const State& state, const std::string& name, std::size_t count) {
    const std::vector<double>& all = table(state, name).data;
    require(all.size() == count, "extend: the state is damaged: '", name, "' must have ", count, " numbers, got ", all.size());
    return all;
}

std::int64_t integer(const State& state, const std::string& name) { return std::llround(numbers(state, name, 1)[0]); }

Moments moments(const State& state, const std::string& name) {
    Reader read(table(state, name));
    const std::size_t m = read.size();
    Moments out;
    out.n = std::llround(read.take(1)[0]);
    out.mean = read.take(m);
    out.scatter = read.matrix(m, m);
    return out;
}

CrossProducts cross_products(const State& state, const std::string& name) {
    Reader read(table(state, name));
    const std::size_t k = read.size(), j = read.size();
    CrossProducts out(static_cast<std::int64_t>(k), static_cast<std::int64_t>(j));
    out.n = read.take(1)[0];
    out.x = read.take(k);
    out.t = read.take(j);
    out.xx = read.matrix(k, k);
    out.xt = read.matrix(k, j);
    return out;
}

Proposal proposal(const State& state, std::int64_t dim) {
    const std::vector<double>& alpha = table(state, "alpha").data;
    require(!alpha.empty(), "extend: the state is damaged: no proposal");
    std::vector<Component> components;
    for (std::size_t k = 0; k + 1 < alpha.size(); ++k)
        components.push_back(component_of(table(state, "component " + std::to_string(k)).data, dim));
    return Proposal(true, std::move(components), alpha);
}

}  // namespace buffon
