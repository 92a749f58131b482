/// Between estimators and the tables of a State. Not installed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/proposal.hpp>
#include <buffon/regression.hpp>
#include <buffon/state.hpp>

namespace buffon {

/// Whether a run leaves a state.
inline bool keeps_state(const Run& run) { return run.keep != Keep::nothing; }

/// "plain, quasi, ... or sobol": the registered words of which a run leaves one.
std::string words_with_state();
/// @throw std::invalid_argument, naming `who`, where a run of which there is none is to keep one.
void require_no_state(const std::string& who, const Run& run);

/// A state without tables. `estimator`: its word; `laws`: those of its options.
State begin_state(const std::string& estimator, const Evaluation& evaluate, const std::vector<Distribution>& laws = {});

/// Changes with the names of a law's coordinates, where it puts points, and its density there, to single precision.
std::uint64_t fingerprint(const Distribution& law);

void store(State& state, const std::string& name, const std::vector<double>& numbers);
void store(State& state, const std::string& name, std::initializer_list<double> numbers);
void store(State& state, const std::string& name, const Moments& moments);
void store(State& state, const std::string& name, const CrossProducts& sums);
void store(State& state, const Proposal& proposal);

/// Takes the next numbers of a table.   @throw std::invalid_argument where there are fewer.
class Reader {
public:
    explicit Reader(const Matrix& from) : from_(from.data) {}
    std::vector<double> take(std::size_t count);
    /// A count of what follows: at most as many as the table holds.
    std::size_t size();
    Matrix matrix(std::size_t rows, std::size_t cols);

private:
    const std::vector<double>& from_;
    std::size_t at_ = 0;
};

/// @throw std::invalid_argument where the state has no such table, or one of another shape.
const Matrix& table(const State& state, const std::string& name);
const std::vector<double>& numbers(const State& state, const std::string& name, std::size_t count);
std::int64_t integer(const State& state, const std::string& name);
Moments moments(const State& state, const std::string& name);
CrossProducts cross_products(const State& state, const std::string& name);
Proposal proposal(const State& state, std::int64_t dim);

}  // namespace buffon
