// The pipeline: declares assets, tasks, parameters, resources and jobs. Every declaration is
// checked by the compiler against the types of its dependencies; names, cycles through keys and
// selections are checked when it is described or run. Built on one thread, before weir::main() or a
// test runs it.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "asset.h"
#include "impl/resource_problem.h"
#include "job.h"
#include "rules.h"

namespace weir {

// A graph of stages under one name. The overloads marked `= delete` are chosen by declarations that
// do not fit: the error stands on the line of the call and `Problem` says why.
class Pipeline {
 public:
  explicit Pipeline(Name name) { record_.name = name.str(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // One stage that makes one asset. `stage` is a function or a lambda; its parameters, after an
  // optional weir::Context&, are the values of `dependencies` in that order; it returns T or
  // weir::Outcome<T>.
  template <class Stage, class... Given>
  requires impl::Fits<impl::AssetProblem<Stage, Given...>> Asset<impl::Made<Stage>> asset(
      Name name, Stage stage, const Given&... dependencies) {
    using T = impl::Made<Stage>;
    auto record = impl::stage_record<false>(std::move(stage), dependencies...);
    record.outputs = {{name.str(), &impl::value_codec<T>()}};
    return {&record_, add(std::move(record), name.str()), name.str()};
  }
  template <class Stage, class... Given, class Problem = impl::AssetProblem<Stage, Given...>>
  requires(!impl::Fits<Problem>) Asset<impl::Made<Stage>> asset(Name, Stage, const Given&...)
  = delete;

  // The same under the name and of the type that a shared header promises.
  template <class T, class Stage, class... Given>
  requires impl::Fits<impl::KeyedProblem<T, Stage, Given...>> Asset<T> asset(
      const AssetKey<T>& key, Stage stage, const Given&... dependencies) {
    return asset(key.name, std::move(stage), dependencies...);
  }
  template <class T, class Stage, class... Given,
            class Problem = impl::KeyedProblem<T, Stage, Given...>>
  requires(!impl::Fits<Problem>) Asset<T> asset(const AssetKey<T>&, Stage, const Given&...)
  = delete;

  // One stage that makes several assets at once: it returns a std::tuple with a member for each
  // name.
  //   auto [train, test] = p.assets({"train_set", "test_set"}, split, cleaned);
  template <std::size_t N, class Stage, class... Given>
  requires impl::Fits<impl::AssetsProblem<N, Stage, Given...>> impl::HandlesOf<Stage> assets(
      const Name (&names)[N], Stage stage, const Given&... dependencies) {
    auto record = impl::stage_record<true>(std::move(stage), dependencies...);
    return several(names, std::move(record), static_cast<impl::Made<Stage>*>(nullptr),
                   std::make_index_sequence<N>{});
  }
  template <std::size_t N, class Stage, class... Given,
            class Problem = impl::AssetsProblem<N, Stage, Given...>>
  requires(!impl::Fits<Problem>) impl::HandlesOf<Stage> assets(const Name (&)[N], Stage,
                                                               const Given&...)
  = delete;

  // A stage that makes no asset: it returns nothing or weir::Outcome<void>.
  template <class Stage, class... Given>
  requires impl::Fits<impl::TaskProblem<Stage, Given...>> Task task(Name name, Stage stage,
                                                                    const Given&... dependencies) {
    auto record = impl::stage_record<false>(std::move(stage), dependencies...);
    return {&record_, add(std::move(record), name.str()), name.str()};
  }
  template <class Stage, class... Given, class Problem = impl::TaskProblem<Stage, Given...>>
  requires(!impl::Fits<Problem>) Task task(Name, Stage, const Given&...)
  = delete;

  // An asset that another pipeline owns; its key is the dependency.
  template <class T>
  AssetKey<T> external(const AssetKey<T>& key) {
    record_.externals.push_back({key.name.str(), &impl::value_codec<T>()});
    return key;
  }

  // Parameters with their defaults; a run may replace members by name: weir run JOB -p
  // train.epochs=5.
  template <class T>
  requires impl::Fits<impl::ParamProblem<T>> Param<T> params(Name name, T defaults = {}) {
    record_.params.push_back(impl::param_record<T>(name.str(), std::move(defaults)));
    return {name.str()};
  }
  template <class T, class Problem = impl::ParamProblem<T>>
  requires(!impl::Fits<Problem>) Param<T> params(Name, T = {})
  = delete;

  // Something that is made once in each executor, when a stage first needs it: `make` takes const
  // weir::Start& and returns R, std::unique_ptr<R> or std::shared_ptr<R>. Stages of one executor
  // share it. Processes that `make` starts live as long as the executor; those that a stage starts,
  // also through the resource, are killed after its attempt.
  template <class Make>
  requires impl::Fits<impl::ResourceProblem<Make>> Resource<impl::ResourceType<Make>> resource(
      Name name, Make make) {
    record_.resources.push_back(impl::resource_record(name.str(), std::move(make)));
    return {name.str()};
  }
  template <class Make, class Problem = impl::ResourceProblem<Make>>
  requires(!impl::Fits<Problem>) Resource<impl::ResourceType<Make>> resource(Name, Make)
  = delete;

  // A named selection that can be run.
  Job job(Name name, Selection selection) {
    record_.jobs.push_back({name.str(), std::move(selection.text), 0});
    return {&record_, record_.jobs.size() - 1};
  }

  // For the runtime and weir/testing.h.
  const impl::PipelineRecord& record() const { return record_; }

 private:
  std::size_t add(impl::StageRecord record, std::string name) {
    record.name = std::move(name);
    record_.stages.push_back(std::move(record));
    return record_.stages.size() - 1;
  }

  template <std::size_t N, class... A, std::size_t... I>
  std::tuple<Asset<A>...> several(const Name (&names)[N], impl::StageRecord record,
                                  std::tuple<A...>*, std::index_sequence<I...>) {
    record.outputs = {{names[I].str(), &impl::value_codec<A>()}...};
    const std::size_t stage = add(std::move(record), names[0].str());
    return {Asset<A>(&record_, stage, names[I].str())...};
  }

  impl::PipelineRecord record_;
};

// The main function of a module: the verbs run, describe, graph, register, replay, executor,
// version and help. Returns the exit code of the program.
inline int main(Pipeline& pipeline, int argc, char** argv) {
  return impl::run_main(pipeline.record(), argc, argv);
}

}  // namespace weir
