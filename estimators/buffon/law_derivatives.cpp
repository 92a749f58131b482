#include <buffon/law_derivatives.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/joint_means.hpp>
#include <buffon/law_parameters.hpp>
#include <buffon/new_laws.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>
#include <buffon/quantiles_under.hpp>
#include <buffon/text.hpp>
#include <buffon/weighted_cdf.hpp>

namespace buffon {
namespace {

/// What is differentiated by: a combination of the law's parameters.
struct Direction {
    std::string name;
    double value;
    std::vector<std::pair<std::size_t, double>> parts;   // parameter, d parameter / d this
};

/// d(mean, sd) / d parameter of an input's marginal law.
std::pair<double, double> moments_slope(const ParametricLaw& law, std::size_t k) {
    const LawParameter& p = law.parameters()[k];
    const double h = 1e-4 * p.scale;
    const auto at = [&](double value) {
        return std::visit([](const auto& l) { return std::pair(l.mean(), std::sqrt(l.variance())); },
                          law.with(k, value).laws()[static_cast<std::size_t>(p.input)]);
    };
    const auto up = at(p.value + h), down = at(p.value - h);
    return {(up.first - down.first) / (2 * h), (up.second - down.second) / (2 * h)};
}

/// By mean and sd where an input's law has two parameters with a score.
std::vector<Direction> by_moments(const ParametricLaw& law, std::size_t a, std::size_t b) {
    const auto [ma, sa] = moments_slope(law, a);
    const auto [mb, sb] = moments_slope(law, b);
    const double det = ma * sb - mb * sa;
    const LawParameter& p = law.parameters()[a];
    const auto& marginal = law.law().laws()[static_cast<std::size_t>(p.input)];
    const auto [mean, sd] = std::visit([](const auto& l) { return std::pair(l.mean(), std::sqrt(l.variance())); }, marginal);
    const std::string input = law.law().names()[static_cast<std::size_t>(p.input)];
    require(std::isfinite(det) && det != 0, "law_derivatives: '", input,
            "' has no mean and standard deviation to differentiate by");
    return {{input + ".mean", mean, {{a, sb / det}, {b, -sa / det}}}, {input + ".sd", sd, {{a, -mb / det}, {b, ma / det}}}};
}

struct Directions {
    std::vector<Direction> smooth;
    std::vector<std::string> without_score;

    Directions(const ParametricLaw& law, bool moments) {
        const auto& all = law.parameters();
        for (std::size_t k = 0; k < all.size(); ++k) {
            if (all[k].moves_support) {
                without_score.push_back(all[k].name);
                continue;
            }
            const auto together = [&](std::size_t l) { return !all[l].moves_support && all[l].input == all[k].input; };
            std::size_t same = 0;
            for (std::size_t l = 0; l < all.size(); ++l) same += together(l) ? 1 : 0;
            if (!moments || all[k].input < 0 || same != 2) smooth.push_back({all[k].name, all[k].value, {{k, 1.0}}});
            else if (k + 1 < all.size() && together(k + 1))
                for (auto& direction : by_moments(law, k, k + 1)) smooth.push_back(std::move(direction));
        }
    }

    void choose(const std::vector<std::string>& names) {
        if (names.empty()) {
            require(!smooth.empty(), "law_derivatives: no parameter of the law has a score");
            return;
        }
        std::vector<Direction> chosen;
        std::vector<std::string> known;
        for (const auto& d : smooth) known.push_back(d.name);
        for (const auto& name : names) {
            require(std::ranges::find(without_score, name) == without_score.end(), "law_derivatives: '", name,
                    "' moves an end of the support, so the density has no derivative by it; compare two laws with reweight");
            const auto found = std::ranges::find(known, name);
            require(found != known.end(), "law_derivatives: the law has no parameter '", name, "'", suggestion(name, known));
            chosen.push_back(smooth[static_cast<std::size_t>(found - known.begin())]);
        }
        smooth = std::move(chosen);
    }
};

/// Functions of the outputs whose means are differentiated: (rows, C) of draws first ... first + count.
using Functions = std::function<double(std::int64_t draw, std::size_t column)>;

/// At most so many numbers are kept of scores: others are made again where they are wanted.
constexpr std::int64_t kept_scores = 1 << 25;

class Scores {
public:
    /// `events`: the functions are 0 or 1.
    Scores(const KeptRows& rows, const ParametricLaw& law, const std::vector<Direction>& directions, bool events)
        : rows_(rows), events_(events), weight_(static_cast<std::size_t>(rows.draws())), scores_(of(law, directions)) {
        const LogDensity density = log_density_of(law.law());
        const auto d = static_cast<std::int64_t>(scores_.size());
        if (d * rows.draws() <= kept_scores) kept_ = Matrix(d, rows.draws());
        parallel::for_blocks(rows.draws(), rows.threads(), [&](std::int64_t first, std::int64_t count) {
            std::ranges::copy(rows.weights(density, first, count), weight_.begin() + first);
            for (std::int64_t g = 0; g < kept_.rows; ++g)
                std::ranges::copy(made(static_cast<std::size_t>(g), first, count), kept_.view().row(g).begin() + first);
        });
    }

    /// Means of the functions, then their derivatives direction by direction. `names`: (1 + P) C.
    Estimate means(const Functions& f, std::size_t columns, std::vector<std::string> names, bool controls) const {
        const Centres c = centres(f, columns);
        return joint_means(
            rows_, std::move(names), 1 + static_cast<std::int64_t>(scores_.size()),
            [&](std::int64_t g, std::int64_t first, std::int64_t count) { return terms(g, f, c, first, count); },
            controls,
            !events_);   // the window around a quantile is wide enough for what lies beyond the rows
    }

private:
    /// Parts of the score by one direction.
    using Parts = std::vector<std::pair<LawScore, double>>;
    static std::vector<Parts> of(const ParametricLaw& law, const std::vector<Direction>& directions) {
        std::vector<Parts> all;
        for (const Direction& direction : directions) {
            Parts parts;
            for (const auto& [k, factor] : direction.parts) parts.emplace_back(law.score(k), factor);
            all.push_back(std::move(parts));
        }
        return all;
    }

    /// Means of the functions given success, and its probability.
    struct Centres {
        std::vector<double> mean;
        double success;
    };
    Centres centres(const Functions& f, std::size_t columns) const {
        std::vector<double> sum(columns);
        double total = 0;
        for (std::int64_t i = 0; i < rows_.draws(); ++i) {
            if (!rows_.succeeded(i)) continue;
            const double w = weight_[static_cast<std::size_t>(i)];
            total += w;
            for (std::size_t c = 0; c < columns; ++c) sum[c] += w * f(i, c);
        }
        require(total > 0, rows_.function(), ": no row of the sample has weight under this law");
        for (double& s : sum) s /= total;
        return {std::move(sum), rows_.failures() ? total / static_cast<double>(rows_.draws()) : 1.0};
    }

    /// 0 at draws that were skipped.
    std::vector<double> made(std::size_t g, std::int64_t first, std::int64_t count) const {
        const ConstView x = rows_.points(first, count);
        std::vector<double> all(static_cast<std::size_t>(count)), part(static_cast<std::size_t>(x.rows));
        for (const auto& [score, factor] : scores_[g]) {
            score(x, part);
            for (std::size_t i = 0; i < part.size(); ++i) all[i] += factor * part[i];
        }
        return all;
    }
    std::vector<double> score(std::int64_t g, std::int64_t first, std::int64_t count) const {
        if (kept_.rows == 0) return made(static_cast<std::size_t>(g), first, count);
        const auto row = kept_.view().row(g).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        return {row.begin(), row.end()};
    }

    Terms terms(std::int64_t g, const Functions& f, const Centres& c, std::int64_t first, std::int64_t count) const {
        const std::span w = std::span(weight_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        const std::vector<double> s = g > 0 ? score(g - 1, first, count) : std::vector<double>(w.size(), 1.0);
        const auto columns = static_cast<std::int64_t>(c.mean.size());
        Terms out{Matrix(count, columns), Matrix(count, g > 0 ? 2 : 1), Matrix(count, columns)};
        for (std::int64_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            out.controls(i, 0) = w[at] - 1;
            if (g > 0) out.controls(i, 1) = w[at] * s[at];
            if (!rows_.succeeded(first + i)) continue;
            for (std::size_t k = 0; k < c.mean.size(); ++k) {   // the score has mean 0, so the centre only takes noise away
                const double value = f(first + i, k), ws = w[at] * s[at] / c.success;
                out.t(i, static_cast<std::int64_t>(k)) = ws * (value - (g > 0 ? c.mean[k] : 0.0));
                // of an event the rarer side tells
                out.judged(i, static_cast<std::int64_t>(k)) = ws * (events_ && c.mean[k] > 0.5 ? 1 - value : value);
            }
        }
        return out;
    }

    const KeptRows& rows_;
    bool events_;
    std::vector<double> weight_;
    std::vector<Parts> scores_;
    Matrix kept_;   // (P, draws), or none
};

std::string value_text(const KeptRows& rows, std::size_t k, const LawDerivativesOptions& options) {
    return options.quantity == Differentiated::mean ? "E[" + rows.names()[k] + "]"
                                                    : level_text(options.level) + "[" + rows.names()[k] + "]";
}

/// (1 + P) m L names: the values, then derivatives by each direction; `parts` differ in what they are of an output.
std::vector<std::string> names_of(const KeptRows& rows, const std::vector<Direction>& directions,
                                  const LawDerivativesOptions& options, std::size_t parts) {
    std::vector<std::string> names;
    for (std::size_t g = 0; g <= directions.size(); ++g)
        for (std::size_t c = 0; c < rows.names().size() * parts; ++c) {
            const std::string value = value_text(rows, c / parts, options);
            names.push_back(g == 0 ? value : "d " + value + " / d " + directions[g - 1].name);
        }
    return names;
}

/// Half the width, in probability, of the differences that give a density at a quantile. Source: Hall & Sheather (1988).
double half_width(double level, double n) {
    const double z = normal_quantile(level), density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::acos(-1.0));
    const double h =
        std::pow(n, -1.0 / 3) * std::pow(1.96, 2.0 / 3) * std::pow(1.5 * density * density / (2 * z * z + 1), 1.0 / 3);
    return std::min(h, 0.9 * std::min(level, 1 - level));
}

/// Values and derivatives: E (1 + P) m.
struct Result {
    Estimate raw;
    std::function<std::vector<double>(const std::vector<double>&)> read;   // raw values to (1 + P) m
};

Result of_means(const KeptRows& rows, const Scores& scores, const std::vector<Direction>& directions,
                const LawDerivativesOptions& options) {
    const std::size_t m = rows.names().size();
    return {scores.means([&](std::int64_t i, std::size_t k) { return rows.y(i, static_cast<std::int64_t>(k)); }, m,
                         names_of(rows, directions, options, 1), options.controls),
            [](const std::vector<double>& v) { return v; }};
}

/// Distribution function and its derivatives at both ends of a window around each quantile, linear between them.
Result of_quantiles(const KeptRows& rows, const Scores& scores, const Distribution& law, const std::vector<Direction>& directions,
                    const LawDerivativesOptions& options) {
    require(options.level > 0 && options.level < 1, "law_derivatives: level must lie between 0 and 1, got ",
            options.level, as_a_share(options.level));
    const std::size_t m = rows.names().size();
    std::vector<double> w = rows.weights(log_density_of(law), 0, rows.draws());
    double sum = 0, squares = 0;
    for (const double v : w) {
        sum += v;
        squares += v * v;
    }
    const double h = half_width(options.level, sum * sum / squares);
    std::vector<double> ends;
    for (std::size_t k = 0; k < m; ++k) {
        const WeightedCdf cdf(rows, w, static_cast<std::int64_t>(k));
        ends.insert(ends.end(), {cdf.quantile(options.level - h), cdf.quantile(options.level + h)});
        require(ends[2 * k] < ends[2 * k + 1], "law_derivatives: '", rows.names()[k],
                "' is the same around its quantile: it has no density there");
    }
    Estimate raw = scores.means(
        [&, ends](std::int64_t i, std::size_t c) {
            return rows.y(i, static_cast<std::int64_t>(c / 2)) <= ends[c] ? 1.0 : 0.0;
        },
        2 * m, names_of(rows, directions, options, 2), options.controls);
    return {std::move(raw), [ends, m, level = options.level](const std::vector<double>& v) {
                std::vector<double> out(v.size() / 2);
                for (std::size_t a = 0; a < out.size(); ++a) {
                    const std::size_t k = a % m;
                    const double low = v[2 * k], high = v[2 * k + 1], width = ends[2 * k + 1] - ends[2 * k];
                    const double share = (level - low) / (high - low);
                    if (a < m) out[a] = ends[2 * k] + share * width;
                    else out[a] = -(v[2 * a] + share * (v[2 * a + 1] - v[2 * a])) * width / (high - low);
                }
                return out;
            }};
}

/// Output by output, parameter by parameter.
std::vector<std::string> derivative_names(const KeptRows& rows, const std::vector<Direction>& directions,
                                          const LawDerivativesOptions& options) {
    std::vector<std::string> names;
    for (std::size_t k = 0; k < rows.names().size(); ++k)
        for (const Direction& d : directions)
            names.push_back((options.elasticities ? "elasticity of " : "d ") + value_text(rows, k, options) +
                            (options.elasticities ? " by " : " / d ") + d.name);
    return names;
}

Estimate derivatives_of(const Result& result, const KeptRows& rows, const std::vector<Direction>& directions,
                        const LawDerivativesOptions& options) {
    const std::size_t m = rows.names().size();
    Estimate e = result.raw.transform([&](const std::vector<double>& raw) {
        const std::vector<double> v = result.read(raw);
        std::vector<double> out;
        for (std::size_t k = 0; k < m; ++k)
            for (std::size_t p = 0; p < directions.size(); ++p) {
                const double derivative = v[(1 + p) * m + k];
                out.push_back(options.elasticities ? derivative * directions[p].value / v[k] : derivative);
            }
        return out;
    }, derivative_names(rows, directions, options));
    if (options.elasticities) {
        const std::vector<double> error = result.raw.std_error();
        for (std::size_t k = 0; k < m && options.quantity == Differentiated::mean; ++k)
            warn_of_zero(value_text(rows, k, options), result.raw.value[k], error[k], "elasticities", e);
        for (const double v : e.value) require(std::isfinite(v), "law_derivatives: elasticities need values that are not 0");
    }
    return e;
}

void describe(const KeptRows& rows, const Directions& directions, Estimate& e) {
    std::vector<std::string> parameters;
    std::vector<double> at;
    for (const Direction& d : directions.smooth) {
        parameters.push_back(d.name);
        at.push_back(d.value);
    }
    e.diagnostics["picture"] = std::string("derivatives");
    e.diagnostics["parameters"] = std::move(parameters);
    e.diagnostics["parameter_values"] = std::move(at);
    e.diagnostics["outputs"] = rows.names();
    if (!directions.without_score.empty()) e.diagnostics["without_score"] = directions.without_score;
}

}  // namespace

Estimate law_derivatives(const Sample& sample, const LawDerivativesOptions& options) {
    const KeptRows rows("law_derivatives", sample, options.outputs, options.threads);
    const Distribution base = rows.base(options.law);
    const auto joint = as_joint(base);
    require(
        joint.has_value(),
        "law_derivatives: law must have marginal laws (Joint, MultivariateNormal, MultivariateT), a mixture has none");
    const ParametricLaw law(*joint);
    Directions directions(law, options.moments);
    directions.choose(options.parameters);
    const Scores scores(rows, law, directions.smooth, options.quantity == Differentiated::quantile);
    const Result result = options.quantity == Differentiated::mean ? of_means(rows, scores, directions.smooth, options)
                                                                   : of_quantiles(rows, scores, base, directions.smooth, options);
    Estimate e = derivatives_of(result, rows, directions.smooth, options);
    judge(rows, one_law(rows, options.law), options.doubtful, e);
    describe(rows, directions, e);
    return e;
}

}  // namespace buffon
