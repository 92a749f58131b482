/// Copulas in Python. Before a copula meets its Joint it is a description: it does not know yet which inputs there are.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/joint.hpp>
#include <buffon/text.hpp>

#include "arrays.hpp"
#include "convert.hpp"
#include "laws.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using Names = std::vector<std::string>;

std::int64_t index_of(const std::string& who, const std::string& name, const Names& inputs) {
    const auto found = std::find(inputs.begin(), inputs.end(), name);
    require(found != inputs.end(), who, ": no input is named '", name, "'", suggestion(name, inputs));
    return found - inputs.begin();
}

/// Coordinates of the named inputs; none are named where the copula is of all.
std::vector<std::int64_t> coordinates_of(const std::string& who, const Names& names, const Names& inputs) {
    std::vector<std::int64_t> out;
    for (const auto& name : names) out.push_back(index_of(who, name, inputs));
    return out;
}

Names names_of(const CopulaGroup& group, const Names& inputs) {
    Names out;
    for (const std::int64_t j : group.coordinates) out.push_back(inputs[static_cast<std::size_t>(j)]);
    return out;
}

std::string text_of(py::handle value) { return py::repr(value).cast<std::string>(); }

/// ", names=['a', 'b']"; nothing where the copula is of all inputs.
std::string names_text(const Names& names) { return names.empty() ? "" : ", names=" + text_of(py::cast(names)); }

// Elliptical copulas --------------------------------------------------------------------------------------------------

/// A correlation matrix, of all inputs or of those with these names, or pairs of names; of normal scores, ranks or the inputs.
struct Correlation {
    enum class Kind { scores, spearman, kendall, pearson };
    using Pairs = std::map<std::pair<std::string, std::string>, double>;

    Kind kind = Kind::scores;
    Pairs pairs;
    Matrix matrix;   // used when `pairs` is empty
    Names names;

    /// The inputs that the copula is of: those named, in pairs in the order of the Joint.
    std::vector<std::int64_t> coordinates(const std::string& who, const Names& inputs) const {
        if (pairs.empty()) return coordinates_of(who, names, inputs);
        std::vector<std::int64_t> out;
        for (const auto& [pair, rho] : pairs) {
            require(pair.first != pair.second, who, ": a pair must name two inputs, got '", pair.first, "' twice");
            for (const auto& name : {pair.first, pair.second}) out.push_back(index_of(who, name, inputs));
        }
        std::sort(out.begin(), out.end());
        out.erase(std::unique(out.begin(), out.end()), out.end());
        return out;
    }

    Matrix on(const std::vector<std::int64_t>& coordinates, const Names& inputs) const {
        if (pairs.empty()) return matrix;
        const auto d = static_cast<std::int64_t>(coordinates.size());
        Matrix out(d, d);
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j) {
                const auto& a = inputs[static_cast<std::size_t>(coordinates[static_cast<std::size_t>(i)])];
                const auto& b = inputs[static_cast<std::size_t>(coordinates[static_cast<std::size_t>(j)])];
                const auto found = pairs.contains({a, b}) ? pairs.find({a, b}) : pairs.find({b, a});
                out(i, j) = i == j ? 1 : found == pairs.end() ? 0 : found->second;
            }
        return out;
    }

    py::object given() const {
        if (pairs.empty()) return binder::from_matrix(matrix);
        return py::cast(pairs);
    }
    /// What makes the copula again, `more` being its other arguments: "GaussianCopula({('a', 'b'): 0.3})"; of many
    /// numbers only how many.
    std::string text(const std::string& who, const std::string& more = "") const {
        constexpr std::size_t most = 16;
        if (std::max(pairs.size(), matrix.data.size()) > most)
            return who + " of " +
                   (pairs.empty() ? counted(matrix.rows, "input") : counted(static_cast<std::int64_t>(pairs.size()), "pair")) + more;
        const py::object numbers = pairs.empty() ? binder::from_matrix(matrix).attr("tolist")() : py::cast(pairs);
        return who + maker() + "(" + text_of(numbers) + more + names_text(names) + ")";
    }
    std::string maker() const {
        constexpr std::array<const char*, 4> makers{"", ".from_spearman", ".from_kendall", ".from_pearson"};
        return makers[static_cast<std::size_t>(kind)];
    }
};

Correlation::Pairs to_pairs(const std::string& who, const py::dict& given) {
    Correlation::Pairs pairs;
    for (const auto& item : given) {
        if (!py::isinstance<py::tuple>(item.first) || py::len(item.first) != 2)
            throw py::type_error(who + ": keys must be pairs of input names, got " + py::repr(item.first).cast<std::string>());
        const py::tuple key = item.first.cast<py::tuple>();
        const std::pair pair{binder::convert<std::string>(key[0], who, "name of an input"),
                             binder::convert<std::string>(key[1], who, "name of an input")};
        if (pairs.contains({pair.second, pair.first}))
            throw py::value_error(who + ": the pair of '" + pair.first + "' and '" + pair.second + "' is given twice");
        pairs[pair] = binder::convert<double>(item.second, who, "correlation");
    }
    if (pairs.empty()) throw py::value_error(who + ": the dict of pairs is empty");
    return pairs;
}

Names to_names(const std::string& who, py::handle names) {
    if (names.is_none()) return {};
    auto out = binder::convert<Names>(names, who, "names");
    require(!out.empty(), who, ": names must not be empty; None stands for all inputs");
    return out;
}

void require_correlation(const std::string& who, const std::string& a, const std::string& b, double rho) {
    require(std::abs(rho) <= 1, who, ": the correlation of ", a, " and ", b, " must lie in [-1, 1], got ", rho);
}

Correlation to_correlation(const std::string& who, py::handle given, py::handle names, Correlation::Kind kind) {
    Correlation out{kind, {}, {}, to_names(who, names)};
    if (!py::isinstance<py::dict>(given)) {
        out.matrix = binder::to_matrix(given, who + ": correlation");
        const auto name = [&](std::int64_t j) {
            const auto at = static_cast<std::size_t>(j);
            return at < out.names.size() ? "'" + out.names[at] + "'" : "input " + std::to_string(j + 1);
        };
        for (std::int64_t i = 0; i < out.matrix.rows; ++i)
            for (std::int64_t j = i + 1; j < out.matrix.cols; ++j) require_correlation(who, name(i), name(j), out.matrix(i, j));
        return out;
    }
    require(out.names.empty(), who, ": names belong to a matrix; a dict of pairs brings its own");
    out.pairs = to_pairs(who, given.cast<py::dict>());
    for (const auto& [pair, rho] : out.pairs) require_correlation(who, "'" + pair.first + "'", "'" + pair.second + "'", rho);
    return out;
}

/// Correlations of the normal scores as far as they are known without a Joint: of pairs those between the inputs that they name.
Matrix known_scores(const std::string& who, const Correlation& c) {
    if (c.kind != Correlation::Kind::scores) return Matrix(1, 1, 1.0);
    if (c.pairs.empty()) return c.matrix;
    Names inputs;
    for (const auto& [pair, rho] : c.pairs)
        for (const auto& name : {pair.first, pair.second})
            if (std::ranges::find(inputs, name) == inputs.end()) inputs.push_back(name);
    return c.on(c.coordinates(who, inputs), inputs);
}

struct GaussianSpec {
    static constexpr const char* who = "GaussianCopula";
    Correlation correlation;

    CopulaGroup resolve(const std::vector<Univariate>& laws, const Names& inputs) const {
        auto coordinates = correlation.coordinates(who, inputs);
        return {copula(laws, coordinates, correlation.on(coordinates, inputs)), coordinates};
    }
    GaussianCopula copula(const std::vector<Univariate>& laws, const std::vector<std::int64_t>& coordinates,
                          const Matrix& r) const {
        switch (correlation.kind) {
            case Correlation::Kind::spearman: return GaussianCopula::from_spearman(r);
            case Correlation::Kind::kendall: return GaussianCopula::from_kendall(r);
            case Correlation::Kind::pearson: {
                std::vector<Univariate> mine;
                for (const std::int64_t j : coordinates) mine.push_back(laws[static_cast<std::size_t>(j)]);
                return gaussian_copula_from_pearson(coordinates.empty() ? laws : mine, r);
            }
            default: return GaussianCopula(r);
        }
    }
};

struct StudentSpec {
    static constexpr const char* who = "StudentCopula";
    Correlation correlation;
    double df = 0;

    CopulaGroup resolve(const std::vector<Univariate>&, const Names& inputs) const {
        auto coordinates = correlation.coordinates(who, inputs);
        const Matrix r = correlation.on(coordinates, inputs);
        return {
            correlation.kind == Correlation::Kind::kendall ? StudentCopula::from_kendall(r, df) : StudentCopula(r, df),
            coordinates};
    }
};

GaussianSpec make_gaussian(py::handle given, py::handle names, Correlation::Kind kind) {
    GaussianSpec spec{to_correlation(GaussianSpec::who, given, names, kind)};
    GaussianCopula check(known_scores(GaussianSpec::who, spec.correlation));
    return spec;
}

StudentSpec make_student(py::handle given, double df, py::handle names, Correlation::Kind kind) {
    StudentSpec spec{to_correlation(StudentSpec::who, given, names, kind), df};
    StudentCopula check(known_scores(StudentSpec::who, spec.correlation), df);
    return spec;
}

GaussianSpec described(const GaussianCopula& copula, Names names) {
    return {{Correlation::Kind::scores, {}, copula.correlation(), std::move(names)}};
}
StudentSpec described(const StudentCopula& copula, Names names) {
    return {{Correlation::Kind::scores, {}, copula.correlation(), std::move(names)}, copula.df()};
}

/// None stands for all inputs.
py::object names_or_none(const Names& names) { return names.empty() ? py::object(py::none()) : py::cast(names); }

py::tuple state(const Correlation& c) { return py::make_tuple(static_cast<int>(c.kind), c.given(), names_or_none(c.names)); }

void bind_elliptical(py::module_& m) {
    using Kind = Correlation::Kind;
    const auto gaussian = [](Kind kind) {
        return [kind](py::object r, py::object names) { return make_gaussian(r, names, kind); };
    };
    py::class_<GaussianSpec>(
        m, "GaussianCopula",
        "Gaussian dependence between inputs.\n\ncorrelation: matrix (d, d), or dict of pairs {('a', 'b'): rho}, of the "
        "normal\n"
        "scores; other pairs are uncorrelated.\nnames: the inputs of the rows of the matrix; None: all of the Joint.")
        .def(py::init(gaussian(Kind::scores)), py::arg("correlation"), py::arg("names") = py::none())
        .def_static("from_spearman", gaussian(Kind::spearman), py::arg("correlation"), py::arg("names") = py::none(),
                    "The copula with these rank correlations (matrix or dict of pairs).")
        .def_static("from_kendall", gaussian(Kind::kendall), py::arg("correlation"), py::arg("names") = py::none(),
                    "The copula with these Kendall's taus (matrix or dict of pairs).")
        .def_static("from_pearson", gaussian(Kind::pearson), py::arg("correlation"), py::arg("names") = py::none(),
                    "The copula under which the inputs themselves have these correlations (matrix or dict of pairs).")
        .def_property_readonly(
            "correlation", [](const GaussianSpec& s) { return s.correlation.given(); },
            "Matrix or dict of pairs, as given.")
        .def_property_readonly(
            "names", [](const GaussianSpec& s) { return names_or_none(s.correlation.names); },
            "Names of the inputs; None: all.")
        .def("__repr__", [](const GaussianSpec& s) { return s.correlation.text("GaussianCopula"); })
        .def(py::pickle(
            [](const GaussianSpec& s) { return state(s.correlation); },
            [](const py::tuple& t) { return make_gaussian(t[1], t[2], static_cast<Kind>(t[0].cast<int>())); }));

    const auto student = [](Kind kind) {
        return [kind](py::object r, double df, py::object names) { return make_student(r, df, names, kind); };
    };
    py::class_<StudentSpec>(
        m, "StudentCopula",
        "Dependence of a multivariate Student vector: as the Gaussian one, but extremes come together.\n\n"
        "correlation: matrix (d, d), or dict of pairs {('a', 'b'): rho}; pairs that are not named are uncorrelated, "
        "though\n"
        "not independent. Inputs that no pair names are independent.\ndf: degrees of freedom, any positive number; "
        "fewer, more\n"
        "common extremes.\nnames: the inputs of the rows of the matrix; None: all of the Joint.")
        .def(py::init(student(Kind::scores)), py::arg("correlation"), py::arg("df"), py::arg("names") = py::none())
        .def_static("from_kendall", student(Kind::kendall), py::arg("correlation"), py::arg("df"),
                    py::arg("names") = py::none(), "The copula with these Kendall's taus (matrix or dict of pairs).")
        .def_property_readonly(
            "correlation", [](const StudentSpec& s) { return s.correlation.given(); },
            "Matrix or dict of pairs, as given.")
        .def_property_readonly(
            "df", [](const StudentSpec& s) { return s.df; }, "Degrees of freedom.")
        .def_property_readonly(
            "names", [](const StudentSpec& s) { return names_or_none(s.correlation.names); },
            "Names of the inputs; None: all.")
        .def("__repr__",
             [](const StudentSpec& s) { return s.correlation.text("StudentCopula", ", df=" + binder::text_of(s.df)); })
        .def(py::pickle([](const StudentSpec& s) { return py::make_tuple(state(s.correlation), s.df); },
                        [](const py::tuple& t) {
                            const auto c = t[0].cast<py::tuple>();
                            return make_student(c[1], t[1].cast<double>(), c[2], static_cast<Kind>(c[0].cast<int>()));
                        }));
}

// Archimedean copulas ---------------------------------------------------------------------------------------------------

/// One parameter, of all inputs or of those with these names.
template <class C>
struct Archimedean {
    static const char* const who;
    double theta = 1;
    Names names;

    CopulaGroup resolve(const std::vector<Univariate>&, const Names& inputs) const {
        auto coordinates = coordinates_of(who, names, inputs);
        const auto d = coordinates.empty() ? inputs.size() : coordinates.size();
        return {C(theta, static_cast<std::int64_t>(d)), std::move(coordinates)};
    }
    C two() const { return {theta, 2}; }
};
template <>
const char* const Archimedean<ClaytonCopula>::who = "ClaytonCopula";
template <>
const char* const Archimedean<FrankCopula>::who = "FrankCopula";
template <>
const char* const Archimedean<GumbelCopula>::who = "GumbelCopula";

template <class C>
Archimedean<C> described(const C& copula, Names names) { return {copula.theta(), std::move(names)}; }

template <class C>
Archimedean<C> make_archimedean(double theta, py::handle names) {
    Archimedean<C> spec{C(theta, 2).theta(), to_names(Archimedean<C>::who, names)};
    if (!spec.names.empty()) C check(theta, static_cast<std::int64_t>(spec.names.size()));
    return spec;
}

template <class C>
void bind_archimedean(py::module_& m, const char* doc) {
    using Spec = Archimedean<C>;
    py::class_<Spec>(m, Spec::who, doc)
        .def(py::init([](double theta, py::object names) { return make_archimedean<C>(theta, names); }),
             py::arg("theta"), py::arg("names") = py::none())
        .def_static(
            "from_kendall",
            [](double tau, py::object names) { return make_archimedean<C>(C::from_kendall(tau, 2).theta(), names); },
            py::arg("tau"), py::arg("names") = py::none(), "The copula under which two inputs have this Kendall's tau.")
        .def_property_readonly(
            "theta", [](const Spec& s) { return s.theta; }, "The parameter.")
        .def_property_readonly(
            "names", [](const Spec& s) { return names_or_none(s.names); }, "Names of the inputs; None: all.")
        .def_property_readonly(
            "kendall_tau", [](const Spec& s) { return s.two().kendall_tau(); },
            "Kendall's tau of any two of the inputs.")
        .def_property_readonly(
            "tail_dependence",
            [](const Spec& s) {
                return py::make_tuple(s.two().lower_tail_dependence(), s.two().upper_tail_dependence());
            },
            "Limits of P(U < p | V < p) for p -> 0 and of P(U > p | V > p) for p -> 1.")
        .def("__repr__",
             [](const Spec& s) {
                 return Spec::who + ("(theta=" + binder::text_of(s.theta)) + names_text(s.names) + ")";
             })
        .def(py::pickle([](const Spec& s) { return py::make_tuple(s.theta, names_or_none(s.names)); },
                        [](const py::tuple& t) { return make_archimedean<C>(t[0].cast<double>(), t[1]); }));
}

void bind_archimedeans(py::module_& m) {
    bind_archimedean<ClaytonCopula>(m,
                                    "Clayton dependence: small values come together, large ones do not.\n\ntheta: "
                                    "positive; with two inputs also in (-1, 0), "
                                    "of opposed inputs.\nnames: the inputs that it joins; None: all of the Joint.");
    bind_archimedean<FrankCopula>(m,
                                  "Frank dependence: both corners alike, no tail dependence.\n\ntheta: in (0, 300]; "
                                  "with two inputs also in [-300, 0), of "
                                  "opposed inputs.\nnames: the inputs that it joins; None: all of the Joint.");
    bind_archimedean<GumbelCopula>(m,
                                   "Gumbel dependence: large values come together, small ones do not.\n\ntheta: at "
                                   "least 1, which is independence.\n"
                                   "names: the inputs that it joins; None: all of the Joint.");
}

// Any copula ------------------------------------------------------------------------------------------------------------

template <class... Specs>
struct ClosedSpecs {
    static bool is(py::handle copula) { return (py::isinstance<Specs>(copula) || ...); }
    static CopulaGroup resolve(py::handle copula, const std::vector<Univariate>& laws, const Names& inputs) {
        std::vector<CopulaGroup> found;
        ((py::isinstance<Specs>(copula) ? void(found.push_back(copula.cast<const Specs&>().resolve(laws, inputs)))
                                        : void()),
         ...);
        return found.front();
    }
    static std::string names() {
        std::string text;
        ((text += (text.empty() ? "" : ", ") + std::string(Specs::who)), ...);
        return text;
    }
};
using Specs = ClosedSpecs<GaussianSpec, StudentSpec, Archimedean<ClaytonCopula>, Archimedean<FrankCopula>,
                          Archimedean<GumbelCopula>>;

[[noreturn]] void refuse_copula(py::handle given) {
    if (py::isinstance<py::dict>(given) || py::isinstance<py::array>(given))
        throw py::type_error("Joint: copula must be a copula; for correlations, a dict or a matrix, write GaussianCopula(...)");
    throw py::type_error("Joint: copula must be a copula (" + Specs::names() + ") or a list of them, got " +
                         py::type::of(given).attr("__name__").cast<std::string>());
}

/// Said here, where inputs have names.
void check_apart(const std::vector<CopulaGroup>& groups, const Names& inputs) {
    if (groups.size() < 2) return;
    std::vector<bool> taken(inputs.size());
    for (const CopulaGroup& group : groups)
        for (const std::int64_t j : group.coordinates) {
            const auto at = static_cast<std::size_t>(j);
            require(!taken[at], "Joint: copulas must be of different inputs, got '", inputs[at], "' in two of them");
            taken[at] = true;
        }
}

}  // namespace

namespace binder {

Dependence to_dependence(py::handle copula, const std::vector<Univariate>& laws, const std::vector<std::string>& names) {
    std::vector<CopulaGroup> groups;
    if (Specs::is(copula)) {
        groups.push_back(Specs::resolve(copula, laws, names));
    } else if (py::isinstance<py::list>(copula) || py::isinstance<py::tuple>(copula)) {
        for (const auto one : py::iter(copula)) {
            if (!Specs::is(one)) refuse_copula(one);
            groups.push_back(Specs::resolve(one, laws, names));
        }
    } else if (!copula.is_none()) {
        refuse_copula(copula);
    }
    check_apart(groups, names);
    return groups;
}

py::object from_copula(const Copula& copula, std::vector<std::string> names) {
    return std::visit([&](const auto& c) { return py::cast(described(c, std::move(names))); }, copula);
}

py::object from_dependence(const Dependence& dependence, const std::vector<std::string>& names) {
    py::list out;
    for (const auto& group : dependence.groups())
        out.append(from_copula(group.copula, names_of(group, names)));
    if (out.empty()) return py::none();
    return out.size() == 1 ? py::object(out[0]) : py::object(out);
}

}  // namespace binder

void bind_copulas(py::module_& m) {
    bind_elliptical(m);
    bind_archimedeans(m);
}
