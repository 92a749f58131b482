/// Moments of sets of tokens, in Python: arrays of three dimensions.
#include <buffon/moment_features.hpp>

#include <buffon/check.hpp>

#include "arrays.hpp"
#include "bind.hpp"

namespace py = pybind11;
using namespace buffon;

namespace {

py::object features(py::handle given, py::handle heads, py::handle center, py::handle scale, py::handle threads) {
    const std::string f = "moment_features";
    const binder::Array tokens = binder::to_array(given, f + ": tokens");
    require(tokens.ndim() == 3, f, ": tokens must have shape (n, length, D), got ", binder::shape_text(tokens));
    const MomentFeaturesOptions options{
        binder::convert<std::int64_t>(heads, f, "heads"), binder::convert<TokenCentre>(center, f, "center"),
        binder::convert<MomentScale>(scale, f, "scale"), binder::convert<int>(threads, f, "threads")};
    Matrix out;
    {
        const py::gil_scoped_release release;
        out = moment_features({tokens.data(), tokens.shape(0) * tokens.shape(1), tokens.shape(2)}, tokens.shape(1),
                              options);
    }
    return binder::from_matrix(out);
}

}   // namespace

void bind_moment_features(py::module_& m) {
    m.def("moment_features", &features, py::arg("tokens"), py::kw_only(), py::arg("heads") = 1,
          py::arg("center") = "channel", py::arg("scale") = "none", py::arg("threads") = 0,
          R"(First- and second-order features of sets of vectors, as Moment Probing gives them to a linear classifier.

A set of tokens (the patches of an image, the outputs of a network's last block) is taken as a sample of a law: its mean, and the
covariances of its channels over the tokens. Feed rows to a classifier, or to ``frechet``, ``mmd`` and the other metrics.

Parameters
----------
tokens : array (n, length, D)
    n sets of as many tokens with D channels.
heads : int
    1: covariances of all channels. h > 1: of each group of D / h neighbouring channels with the next one, as in the paper, in
    whose network a learned projection and a layer norm come before.
center : {"channel", "scalar", "none"}
    What is subtracted first: the mean of each channel; one number for each head, as the released code does; nothing.
scale : {"none", "columns", "root"}
    Covariances as they are; each column of a matrix over its length, as in the released code; or sign(c) sqrt|c|.
threads : int
    Threads, 0 for all; changes no result.

Returns
-------
array (n, F)
    The D means, then D (D + 1) / 2 covariances, the lower triangle row after row, or (h - 1) (D / h)^2, pair of heads after
    pair. Covariances are divided by ``length``. A row is that of its own set, whatever is beside it.

Raises
------
ValueError
    If the shape is wrong, ``heads`` do not divide D, or a number is not finite.

References
----------
Gao, Wang, Lin, Zhu, Hu, Zhou, "Tuning pre-trained model via moment probing", ICCV 2023 (arXiv:2307.11342).

Examples
--------
>>> from buffon import diffusion as bd
>>> bd.moment_features([[[1.0, 2.0], [2.0, 6.0], [3.0, 1.0]]]).round(2)
array([[ 2.  ,  3.  ,  0.67, -0.33,  4.67]])
)");
}
