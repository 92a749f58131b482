#include <buffon/input_groups.hpp>

#include <algorithm>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

/// Blocks that are joined pair by pair.
class Blocks {
public:
    explicit Blocks(std::int64_t dim) : of_(static_cast<std::size_t>(dim)) { std::iota(of_.begin(), of_.end(), 0); }
    void join(std::int64_t i, std::int64_t j) {
        const std::int64_t from = of_[static_cast<std::size_t>(i)], to = of_[static_cast<std::size_t>(j)];
        std::ranges::replace(of_, std::max(from, to), std::min(from, to));
    }
    void join_correlated(const Matrix& correlation, const std::vector<std::int64_t>& coordinates) {
        for (std::size_t i = 0; i < coordinates.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (correlation(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) != 0)
                    join(coordinates[i], coordinates[j]);
    }
    void join_all(const std::vector<std::int64_t>& coordinates) {
        for (const std::int64_t c : coordinates) join(c, coordinates.front());
    }
    const std::vector<std::int64_t>& of() const { return of_; }

private:
    std::vector<std::int64_t> of_;
};

std::vector<std::int64_t> all_coordinates(std::int64_t dim) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(dim));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

void join_dependent(const Joint& law, Blocks& blocks) {
    for (const CopulaGroup& group : law.dependence().groups()) {
        const auto coordinates = group.coordinates.empty() ? all_coordinates(law.dim()) : group.coordinates;
        if (const auto* gaussian = std::get_if<GaussianCopula>(&group.copula))
            blocks.join_correlated(gaussian->correlation(), coordinates);
        else blocks.join_all(coordinates);
    }
}
void join_dependent(const MultivariateNormal& law, Blocks& blocks) {
    blocks.join_correlated(law.covariance(), all_coordinates(law.dim()));
}
/// Not even uncorrelated coordinates of these are independent.
void join_dependent(const MultivariateT& law, Blocks& blocks) { blocks.join_all(all_coordinates(law.dim())); }
void join_dependent(const Mixture& law, Blocks& blocks) { blocks.join_all(all_coordinates(law.dim())); }

void add_group(const std::string& who, const InputGroup& group, const std::vector<std::string>& inputs, Groups& out) {
    require(!group.inputs.empty(), who, ": group '", group.name, "' must have at least one input");
    require(std::ranges::find(out.names, group.name) == out.names.end(), who, ": there are two groups '", group.name, "'");
    std::vector<std::int64_t> members;
    for (const auto& input : group.inputs) {
        const auto found = std::ranges::find(inputs, input);
        require(found != inputs.end(), who, ": no input '", input, "' for group '", group.name, "'",
                found == inputs.end() ? suggestion(input, inputs) : "");
        const std::int64_t c = found - inputs.begin();
        require(out.of[static_cast<std::size_t>(c)] < 0, who, ": input '", input, "' must be in one group only");
        out.of[static_cast<std::size_t>(c)] = out.size();
        members.push_back(c);
    }
    std::ranges::sort(members);
    out.names.push_back(group.name);
    out.coordinates.push_back(std::move(members));
}

}  // namespace

std::vector<std::int64_t> dependent_blocks(const Distribution& inputs) {
    Blocks blocks(inputs.dim());
    std::visit([&](const auto& law) { join_dependent(law, blocks); }, inputs.law());
    return blocks.of();
}

Groups named_groups(const std::string& who, const Distribution& inputs, const std::vector<InputGroup>& given) {
    const std::vector<std::string> names = inputs.names();
    Groups groups{{}, {}, std::vector<std::int64_t>(names.size(), -1)};
    for (const InputGroup& group : given) add_group(who, group, names, groups);
    for (std::size_t c = 0; c < names.size(); ++c)
        if (groups.of[c] < 0) add_group(who, {names[c], {names[c]}}, names, groups);
    return groups;
}

Groups groups_of(const std::string& who, const Distribution& inputs, const std::vector<InputGroup>& given) {
    Groups groups = named_groups(who, inputs, given);
    const std::vector<std::string> names = inputs.names();
    const std::vector<std::int64_t> block = dependent_blocks(inputs);
    for (std::size_t i = 0; i < block.size(); ++i) {
        const auto j = static_cast<std::size_t>(block[i]);   // the first of its block
        require(
            groups.of[i] == groups.of[j], who, ": inputs '", names[j], "' and '", names[i],
            "' may depend on each other: shares of the variance need independent groups, put both into one: groups={'",
            names[j], "': ['", names[j], "', '", names[i], "']}");
    }
    return groups;
}

}  // namespace buffon
