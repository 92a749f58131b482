/// What exposure_profile does for one sampler after the other, on common rows. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <buffon/diffusion/exposure_figures.hpp>
#include <buffon/diffusion/exposure_profile.hpp>
#include <buffon/diffusion/frechet_gap.hpp>

namespace buffon::diffusion {

class ExposureRun {
public:
    struct Figures {
        std::vector<Figure> figures;
        std::vector<ExposureProfile::Place> places;
    };

    ExposureRun(const DenoiserOfData& model, const ExposureProfileOptions& options, std::uint64_t key);

    /// All of one sampler; `next` after each node.
    void add(std::size_t index, const std::string& name, const Sampler& sampler, const std::function<void()>& next);

    const std::map<std::string, Figures>& figures() const { return figures_; }
    const std::vector<std::string>& notes() const { return notes_; }
    std::int64_t evaluations() const { return evaluations_; }

private:
    struct Node {
        ExposureProfile::Place place;
        double t, alpha, rho;
        double sigma() const { return alpha * rho; }
    };

    bool wanted(const std::string& quantity) const;
    void note(const std::string& text);
    void keep(const std::string& quantity, const Node& node, Figure figure);
    void marginals(const Node& node, const Matrix& x);
    void predictions(const Node& node, const Matrix& x, const Sampler& sampler);
    void offsets(const Node& node, const Matrix& x, const Schedule& schedule);
    void deltas(std::size_t index, const std::string& name, const Sampler& sampler);
    /// x0 + rho eps, times alpha.
    Matrix noised(double alpha, double rho) const;
    /// (x / alpha - D) / rho at states x of the schedule.
    Matrix noise_of(const Denoiser& model, const Matrix& x, const Node& node);
    std::vector<Matrix> states(const Denoiser& model, const Table& table, const std::optional<Matrix>& starts,
                               std::int64_t record);

    const DenoiserOfData& model_;
    const ExposureProfileOptions& options_;
    std::uint64_t key_;
    DataLaw law_;
    std::optional<Denoiser> exact_;
    std::optional<FrechetReference> frechet_;
    Matrix x0_, eps_;
    std::map<std::pair<double, double>, std::vector<double>> own_;   // distances within noised data, by alpha and rho
    std::map<std::string, Figures> figures_;
    std::vector<std::string> notes_;
    std::int64_t evaluations_ = 0;
};

/// The same solver over the nodes first ... last of its table, for starts at the first.   @throw std::invalid_argument
/// where it has other steps.
Table part_of(const Table& table, std::size_t first, std::size_t last);
/// Times of a schedule at which variances are compared: its levels, or 1,000 equally far apart in log(alpha / sigma).
std::vector<double> label_times(const Schedule& schedule);

}  // namespace buffon::diffusion
