#include <buffon/diffusion/sampler_problem.hpp>

#include <algorithm>
#include <utility>
#include <variant>

#include <Eigen/Cholesky>

#include <buffon/check.hpp>
#include <buffon/diffusion/program.hpp>
#include <buffon/diffusion/sample_given.hpp>
#include <buffon/diffusion/sampler_on_device.hpp>
#include <buffon/diffusion/time_shift.hpp>
#include <buffon/joint.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/names.hpp>

namespace buffon::diffusion {
namespace {

using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::int64_t random_rows(const Table& table) {
    if (table.adaptive) return 0;
    const Program program = pack(table.shift ? table.shift->tables : std::vector<Table>{table});
    return std::ranges::count_if(program.operations, [](const Operation& op) { return !op.noise.empty(); });
}

Distribution latent_law(std::int64_t n) {
    return Joint(std::vector<Univariate>(static_cast<std::size_t>(n), Normal()), numbered_names("z", n));
}

}  // namespace

std::int64_t latent_dim(const Denoiser& model, const Table& table) { return model.dim() * (1 + random_rows(table)); }

Matrix draws_of(const Denoiser& model, const Table& table, ConstView latent, std::int64_t condition, int threads) {
    const std::int64_t d = model.dim(), width = latent_dim(model, table);
    require(latent.cols == width, "sampler_problem: latent numbers must have shape (n, ", width, "), got (",
            latent.rows, ", ", latent.cols, ")");
    if (latent.rows == 0) return Matrix(0, d);
    SampleOptions options{.rng = 0, .x = Matrix(latent.rows, d), .threads = threads};
    if (condition >= 0) options.condition = condition;
    Matrix noises(width > d ? latent.rows : 0, width - d);
    const double scale = table.schedule.prior_scale();
    for (std::int64_t i = 0; i < latent.rows; ++i) {
        const auto row = latent.row(i);
        std::ranges::transform(row.first(static_cast<std::size_t>(d)), options.x->view().row(i).begin(),
                               [scale](double z) { return scale * z; });
        if (noises.rows > 0) std::ranges::copy(row.subspan(static_cast<std::size_t>(d)), noises.view().row(i).begin());
    }
    return sample_given(model, table, options, noises).x;
}

Problem sampler_problem(const Denoiser& model, const Table& table, Model look, std::vector<std::string> outputs,
                        std::int64_t condition, bool thread_safe) {
    require(static_cast<bool>(look), "sampler_problem: a function of the draws must be given, got an empty one");
    require(!table.pooled(), "sampler_problem: ", table.name,
            " takes norms over all samples at once, so that a draw is no function of its own noise");
    require(!std::holds_alternative<MeanReverting>(table.schedule.law()),
            "sampler_problem: a mean-reverting schedule needs degraded data, which is no noise");
    require(!table.grid.reversed, "sampler_problem: a table from data to noise starts from samples, not from noise");
    require(condition >= -1 && condition < std::max<std::int64_t>(model.traits().classes, 0),
            "sampler_problem: condition must lie in 0 ... ", model.traits().classes - 1, " (-1: none), got ",
            condition);
    const std::int64_t width = latent_dim(model, table);
    auto there = sampler_on_device(model, table, look, width, condition);
    Model run = [model, table, look = std::move(look), condition](ConstView latent) {
        return look(draws_of(model, table, latent, condition, model.traits().concurrent ? 1 : 0));
    };
    return Problem(std::move(run), latent_law(width), std::move(outputs), thread_safe && model.traits().concurrent)
        .with_device(std::move(there));
}

ModeDistances::ModeDistances(const GaussianMixture& mixture) : means_(mixture.means()) {
    for (const Matrix& c : mixture.covariances()) {
        const Square covariance = Eigen::Map<const Square>(c.data.data(), c.rows, c.cols);
        const Eigen::LLT<Square> root(covariance);
        require(root.info() == Eigen::Success, "ModeDistances: covariances must be positive definite, covariances[",
                roots_.size(), "] is not");
        Matrix inverse(c.rows, c.cols);
        Eigen::Map<Square>(inverse.data.data(), c.rows, c.cols) = root.matrixL().solve(Square::Identity(c.rows, c.cols));
        roots_.push_back(std::move(inverse));
    }
}

void ModeDistances::operator()(ConstView x, View out) const {
    const std::int64_t d = means_.cols;
    require(x.cols == d && out.rows == x.rows && out.cols == size(), "ModeDistances: x must have shape (n, ", d,
            ") and out (n, ", size(), "), got (", x.rows, ", ", x.cols, ") and (", out.rows, ", ", out.cols, ")");
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t k = 0; k < size(); ++k) {
            double sum = 0;
            for (std::int64_t a = 0; a < d; ++a) {   // the inverse root is lower triangular
                double along = 0;
                for (std::int64_t b = 0; b <= a; ++b)
                    along += roots_[static_cast<std::size_t>(k)](a, b) * (x(i, b) - means_(k, b));
                sum += along * along;
            }
            out(i, k) = sum;
        }
}

Model off_mode(const GaussianMixture& mixture, bool labels) {
    return [distances = ModeDistances(mixture), labels](ConstView x) {
        const std::int64_t k = distances.size();
        Matrix all(x.rows, k);
        distances(x, all);
        Outputs out{Matrix(x.rows, labels ? 1 + k : 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.y(i, 0) = std::ranges::min(all.view().row(i));
            for (std::int64_t j = 1; j < out.y.cols; ++j) out.y(i, j) = all(i, j - 1);
        }
        return out;
    };
}

std::vector<std::string> label_names(std::int64_t k) {
    return k == 1 ? std::vector<std::string>{"label"} : numbered_names("label ", k);
}

}  // namespace buffon::diffusion
