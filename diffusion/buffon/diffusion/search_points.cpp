#include <buffon/diffusion/search_points.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/sobol_sequence.hpp>

namespace buffon::diffusion {

Matrix search_points(std::int64_t n, std::int64_t dim, double scale, const Stream& stream) {
    Matrix x(n, dim);
    if (dim <= SobolSequence::max_dim()) {
        SobolSequence(dim, n, stream).uniform(0, x);
        for (double& v : x.data) v = normal_quantile(v);
    } else {
        stream.normal(0, x);
    }
    for (double& v : x.data) v *= scale;
    return x;
}

}  // namespace buffon::diffusion
