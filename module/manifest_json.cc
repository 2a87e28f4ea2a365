// The manifest as JSON. Members that hold their default are left out, so lock files stay short and
// reviewable; unknown members are ignored, so a newer module can be read by an older scheduler of
// the same format. Pure.
#include <limits>

#include "base/errors.h"
#include "module/manifest.h"

namespace weir::module {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
namespace {

void set_text(Json& object, std::string_view key, const std::string& value) {
  if (!value.empty()) object.set(key, value);
}

void set_int(Json& object, std::string_view key, std::int64_t value, std::int64_t otherwise) {
  if (value != otherwise) object.set(key, value);
}

Json dependency_to_json(const DependencySpec& dependency) {
  Json out;
  out.set("kind", base::word_of(dependency.kind));
  set_text(out, "name", dependency.name);
  set_text(out, "type", dependency.type);
  set_int(out, "rule", dependency.rule, 0);
  if (dependency.optional) out.set("optional", true);
  return out;
}

Json stage_to_json(const StageSpec& stage) {
  Json out;
  out.set("name", stage.name);
  Json outputs = Json::Array{};
  for (const OutputSpec& output : stage.outputs) {
    outputs.push(
        Json().set("asset", output.asset).set("type", output.type).set("schema", output.schema));
  }
  out.set("outputs", std::move(outputs));
  Json dependencies = Json::Array{};
  for (const DependencySpec& dependency : stage.dependencies) {
    dependencies.push(dependency_to_json(dependency));
  }
  out.set("dependencies", std::move(dependencies));
  if (stage.rules != StageSpec{}.rules) {
    Json rules = Json::Array{};
    for (const TriggerRule rule : stage.rules) rules.push(base::word_of(rule));
    out.set("rules", std::move(rules));
  }
  if (stage.retry.max_attempts != 1 || stage.retry.delay_ms != 0) {
    out.set(
        "retry",
        Json().set("max_attempts", stage.retry.max_attempts).set("delay_ms", stage.retry.delay_ms));
  }
  set_int(out, "timeout_ms", stage.timeout_ms, 0);
  set_int(out, "priority", stage.priority, 0);
  if (stage.side_effects) out.set("side_effects", true);
  set_text(out, "code_version", stage.code_version);
  for (const CheckSpec& check : stage.checks) {
    Json checks = out["checks"];
    checks.push(Json()
                    .set("asset", check.asset)
                    .set("name", check.name)
                    .set("severity", base::word_of(check.severity)));
    out.set("checks", std::move(checks));
  }
  set_text(out, "owner", stage.owner);
  set_text(out, "group", stage.group);
  set_text(out, "note", stage.note);
  return out;
}

// Defaults and parameters appear as JSON inside the manifest's JSON: people review them in lock
// files.
Json inner_json(const std::string& text) {
  auto parsed = Json::parse(text);
  return parsed.ok() ? std::move(parsed).value() : Json();
}

// Neighbours of one calendar are one entry: a calendar may have hundreds of days.
Json days_off_to_json(const std::vector<DayOff>& days_off) {
  Json out = Json::Array{};
  for (std::size_t i = 0; i < days_off.size();) {
    const std::string& calendar = days_off[i].calendar;
    Json days = Json::Array{};
    for (; i < days_off.size() && days_off[i].calendar == calendar; ++i) days.push(days_off[i].day);
    out.push(Json().set("calendar", calendar).set("days", std::move(days)));
  }
  return out;
}

Json schedule_to_json(const ScheduleSpec& schedule) {
  static const ScheduleSpec kDefaults;
  Json out;
  out.set("name", schedule.name).set("job", schedule.job);
  Json crons = Json::Array{};
  for (const std::string& cron : schedule.crons) crons.push(cron);
  out.set("crons", std::move(crons));
  if (schedule.zone != kDefaults.zone) out.set("zone", schedule.zone);
  if (schedule.params != kDefaults.params) out.set("params", inner_json(schedule.params));
  if (!schedule.time_params.empty()) {
    Json members = Json::Array{};
    for (const std::string& member : schedule.time_params) members.push(member);
    out.set("time_params", std::move(members));
  }
  if (!schedule.days_off.empty()) out.set("days_off", days_off_to_json(schedule.days_off));
  set_text(out, "start", schedule.start);
  set_text(out, "end", schedule.end);
  set_int(out, "jitter_ms", schedule.jitter_ms, 0);
  if (schedule.catch_up != kDefaults.catch_up) {
    out.set("catch_up", base::word_of(schedule.catch_up));
  }
  set_int(out, "catch_up_runs", schedule.catch_up_runs, 0);
  set_int(out, "catch_up_window_ms", schedule.catch_up_window_ms, kDefaults.catch_up_window_ms);
  if (schedule.overlap != kDefaults.overlap) out.set("overlap", base::word_of(schedule.overlap));
  if (schedule.paused) out.set("paused", true);
  return out;
}

Json freshness_to_json(const FreshnessSpec& policy) {
  static const FreshnessSpec kDefaults;
  Json out;
  out.set("asset", policy.asset).set("kind", base::word_of(policy.kind));
  set_int(out, "fail_ms", policy.fail_ms, 0);
  set_int(out, "warn_ms", policy.warn_ms, 0);
  set_text(out, "cron", policy.cron);
  if (policy.zone != kDefaults.zone) out.set("zone", policy.zone);
  set_int(out, "lower_bound_ms", policy.lower_bound_ms, 0);
  set_int(out, "warn_margin_ms", policy.warn_margin_ms, 0);
  set_int(out, "required_after_ms", policy.required_after_ms, kDefaults.required_after_ms);
  if (policy.action != kDefaults.action) out.set("action", base::word_of(policy.action));
  set_int(out, "expected_ms", policy.expected_ms, 0);
  return out;
}

Json alert_to_json(const AlertSpec& alert) {
  Json out;
  out.set("name", alert.name).set("event", base::word_of(alert.event));
  out.set("about", alert.about);
  set_int(out, "threshold", alert.threshold, 0);
  if (alert.over_usual) out.set("over_usual", true);
  set_text(out, "webhook", alert.webhook);
  set_text(out, "channel", alert.channel);
  set_text(out, "secret", alert.secret);
  return out;
}

// Reads members with their path; keeps the first problem.
class ManifestReader {
 public:
  ManifestReader(const Json& json, std::string path, Status& problem)
      : json_(json), path_(std::move(path)), problem_(problem) {
    if (!json.is_object()) fail("", "an object was expected");
  }

  std::string text(std::string_view key, bool required = false) {
    const Json& value = json_[key];
    if (value.is_null() && !required) return "";
    if (!value.is_string()) fail(key, "a string was expected");
    return value.as_string();
  }

  std::int64_t integer(std::string_view key, std::int64_t otherwise) {
    const Json& value = json_[key];
    if (value.is_null()) return otherwise;
    if (!value.is_int()) fail(key, "an integer was expected");
    return value.as_int(otherwise);
  }

  int small(std::string_view key, int otherwise) {
    const std::int64_t value = integer(key, otherwise);
    if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
      fail(key, "the integer is out of range");
      return otherwise;
    }
    return static_cast<int>(value);
  }

  bool flag(std::string_view key) {
    const Json& value = json_[key];
    if (!value.is_null() && !value.is_bool()) fail(key, "true or false was expected");
    return value.as_bool();
  }

  template <class Read>
  void each(std::string_view key, Read read) {
    const Json& value = json_[key];
    if (!value.is_null() && !value.is_array()) fail(key, "an array was expected");
    std::size_t i = 0;
    for (const Json& item : value.items()) {
      if (!problem_.ok()) return;
      read(item, join(key) + "[" + std::to_string(i++) + "]");
    }
  }

  // The enumerator in [0, last] whose name the member holds.
  template <class Enum>
  Enum choice(std::string_view key) {
    return choose<Enum>(json_[key], join(key));
  }
  template <class Enum>
  Enum choice(std::string_view key, Enum otherwise) {
    return json_[key].is_null() ? otherwise : choice<Enum>(key);
  }

  template <class Enum>
  Enum choose(const Json& value, const std::string& path) {
    const auto known = value.is_string() ? base::parse_word<Enum>(value.as_string()) : std::nullopt;
    if (!known) report(path, "unknown value " + value.dump());
    return known.value_or(Enum{});
  }

  const Json& at(std::string_view key) const { return json_[key]; }
  std::string join(std::string_view key) const {
    if (path_.empty() || key.empty()) return path_ + std::string(key);
    return path_ + "." + std::string(key);
  }
  void fail(std::string_view key, std::string_view what) { report(join(key), what); }

  void report(const std::string& path, std::string_view what) {
    if (!problem_.ok()) return;
    problem_ = Status(Code::kInvalidArgument, base::kErrBadManifest,
                      "manifest: " + (path.empty() ? "" : path + ": ") + std::string(what));
  }

 private:
  const Json& json_;
  std::string path_;
  Status& problem_;
};

DependencySpec read_dependency(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  DependencySpec out;
  out.kind = reader.choice<DependencyKind>("kind");
  out.name = reader.text("name");
  out.type = reader.text("type");
  // Format 1 called it by the name that the heading of a stage has.
  out.rule = reader.small("rule", reader.small("group", 0));
  out.optional = reader.flag("optional");
  return out;
}

CheckSpec read_check(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  return {reader.text("asset", true), reader.text("name", true),
          reader.choice<CheckSeverity>("severity")};
}

StageSpec read_stage(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  StageSpec out;
  out.name = reader.text("name", true);
  reader.each("outputs", [&](const Json& item, std::string at) {
    ManifestReader output(item, std::move(at), problem);
    out.outputs.push_back(
        {output.text("asset", true), output.text("type", true), output.text("schema")});
  });
  reader.each("dependencies", [&](const Json& item, std::string at) {
    out.dependencies.push_back(read_dependency(item, std::move(at), problem));
  });
  if (reader.at("rules").is_array()) out.rules.clear();
  reader.each("rules", [&](const Json& item, const std::string& at) {
    out.rules.push_back(reader.choose<TriggerRule>(item, at));
  });
  if (!reader.at("retry").is_null()) {
    ManifestReader retry(reader.at("retry"), reader.join("retry"), problem);
    out.retry.max_attempts = retry.small("max_attempts", 1);
    out.retry.delay_ms = retry.integer("delay_ms", 0);
  }
  out.timeout_ms = reader.integer("timeout_ms", 0);
  out.priority = reader.small("priority", 0);
  out.side_effects = reader.flag("side_effects");
  out.code_version = reader.text("code_version");
  reader.each("checks", [&](const Json& item, std::string at) {
    out.checks.push_back(read_check(item, std::move(at), problem));
  });
  out.owner = reader.text("owner");
  out.group = reader.text("group");
  out.note = reader.text("note");
  return out;
}

void read_days_off(const Json& json, std::string path, ScheduleSpec& out, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  const std::string calendar = reader.text("calendar", true);
  reader.each("days", [&](const Json& item, const std::string& at) {
    if (!item.is_string()) reader.report(at, "a string was expected");
    out.days_off.push_back({item.as_string(), calendar});
  });
}

ScheduleSpec read_schedule(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  ScheduleSpec out;
  out.name = reader.text("name", true);
  out.job = reader.text("job", true);
  reader.each("crons", [&](const Json& item, const std::string& at) {
    if (!item.is_string()) reader.report(at, "a string was expected");
    out.crons.push_back(item.as_string());
  });
  if (!reader.at("zone").is_null()) out.zone = reader.text("zone");
  if (!reader.at("params").is_null()) out.params = reader.at("params").dump();
  reader.each("time_params", [&](const Json& item, const std::string& at) {
    if (!item.is_string()) reader.report(at, "a string was expected");
    out.time_params.push_back(item.as_string());
  });
  reader.each("days_off", [&](const Json& item, std::string at) {
    read_days_off(item, std::move(at), out, problem);
  });
  out.start = reader.text("start");
  out.end = reader.text("end");
  out.jitter_ms = reader.integer("jitter_ms", 0);
  out.catch_up = reader.choice("catch_up", out.catch_up);
  out.catch_up_runs = reader.small("catch_up_runs", 0);
  out.catch_up_window_ms = reader.integer("catch_up_window_ms", out.catch_up_window_ms);
  out.overlap = reader.choice("overlap", out.overlap);
  out.paused = reader.flag("paused");
  return out;
}

FreshnessSpec read_freshness(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  FreshnessSpec out;
  out.asset = reader.text("asset", true);
  out.kind = reader.choice<FreshnessKind>("kind");
  out.fail_ms = reader.integer("fail_ms", 0);
  out.warn_ms = reader.integer("warn_ms", 0);
  out.cron = reader.text("cron");
  if (!reader.at("zone").is_null()) out.zone = reader.text("zone");
  out.lower_bound_ms = reader.integer("lower_bound_ms", 0);
  out.warn_margin_ms = reader.integer("warn_margin_ms", 0);
  out.required_after_ms = reader.integer("required_after_ms", out.required_after_ms);
  out.action = reader.choice("action", out.action);
  out.expected_ms = reader.integer("expected_ms", 0);
  return out;
}

AlertSpec read_alert(const Json& json, std::string path, Status& problem) {
  ManifestReader reader(json, std::move(path), problem);
  AlertSpec out;
  out.name = reader.text("name", true);
  out.event = reader.choice<AlertEvent>("event");
  out.about = reader.text("about", true);
  out.threshold = reader.integer("threshold", 0);
  out.over_usual = reader.flag("over_usual");
  out.webhook = reader.text("webhook");
  out.channel = reader.text("channel");
  out.secret = reader.text("secret");
  return out;
}

void read_definitions(ManifestReader& reader, Manifest& out, Status& problem) {
  reader.each("stages", [&](const Json& item, std::string at) {
    out.stages.push_back(read_stage(item, std::move(at), problem));
  });
  reader.each("externals", [&](const Json& item, std::string at) {
    ManifestReader external(item, std::move(at), problem);
    out.externals.push_back(
        {external.text("asset", true), external.text("type", true), external.text("schema")});
  });
  reader.each("params", [&](const Json& item, std::string at) {
    ManifestReader param(item, std::move(at), problem);
    out.params.push_back({param.text("name", true), param.text("type", true), param.text("schema"),
                          param.at("defaults").dump()});
  });
  reader.each("resources", [&](const Json& item, const std::string& at) {
    if (!item.is_string()) reader.report(at, "a string was expected");
    out.resources.push_back(item.as_string());
  });
  reader.each("jobs", [&](const Json& item, std::string at) {
    ManifestReader job(item, std::move(at), problem);
    out.jobs.push_back(
        {job.text("name", true), job.text("selection", true), job.small("priority", 0)});
  });
  reader.each("schedules", [&](const Json& item, std::string at) {
    out.schedules.push_back(read_schedule(item, std::move(at), problem));
  });
  reader.each("freshness", [&](const Json& item, std::string at) {
    out.freshness.push_back(read_freshness(item, std::move(at), problem));
  });
  reader.each("alerts", [&](const Json& item, std::string at) {
    out.alerts.push_back(read_alert(item, std::move(at), problem));
  });
}

}  // namespace

Manifest executed_part(Manifest manifest) {
  manifest.schedules.clear();
  manifest.freshness.clear();
  manifest.alerts.clear();
  return manifest;
}

Json manifest_to_json(const Manifest& manifest) {
  Json out;
  out.set("format", manifest.format).set("pipeline", manifest.pipeline);
  set_text(out, "sdk_version", manifest.sdk_version);
  set_text(out, "compiler", manifest.compiler);
  set_text(out, "architecture", manifest.architecture);
  Json stages = Json::Array{};
  for (const StageSpec& stage : manifest.stages) stages.push(stage_to_json(stage));
  Json externals = Json::Array{};
  for (const ExternalSpec& external : manifest.externals) {
    externals.push(Json()
                       .set("asset", external.asset)
                       .set("type", external.type)
                       .set("schema", external.schema));
  }
  Json params = Json::Array{};
  for (const ParamSpec& param : manifest.params) {
    params.push(Json()
                    .set("name", param.name)
                    .set("type", param.type)
                    .set("schema", param.schema)
                    .set("defaults", inner_json(param.defaults)));
  }
  Json resources = Json::Array{};
  for (const std::string& resource : manifest.resources) resources.push(resource);
  Json jobs = Json::Array{};
  for (const JobSpec& job : manifest.jobs) {
    Json spec;
    spec.set("name", job.name).set("selection", job.selection);
    set_int(spec, "priority", job.priority, 0);
    jobs.push(std::move(spec));
  }
  out.set("stages", std::move(stages)).set("externals", std::move(externals));
  out.set("params", std::move(params)).set("resources", std::move(resources));
  out.set("jobs", std::move(jobs));
  Json schedules = Json::Array{};
  for (const ScheduleSpec& schedule : manifest.schedules) {
    schedules.push(schedule_to_json(schedule));
  }
  if (!manifest.schedules.empty()) out.set("schedules", std::move(schedules));
  Json freshness = Json::Array{};
  for (const FreshnessSpec& policy : manifest.freshness) {
    freshness.push(freshness_to_json(policy));
  }
  if (!manifest.freshness.empty()) out.set("freshness", std::move(freshness));
  Json alerts = Json::Array{};
  for (const AlertSpec& alert : manifest.alerts) alerts.push(alert_to_json(alert));
  if (!manifest.alerts.empty()) out.set("alerts", std::move(alerts));
  return out;
}

Result<Manifest> manifest_from_json(const Json& json) {
  Status problem;
  ManifestReader reader(json, "", problem);
  Manifest out;
  out.format = reader.small("format", 0);
  if (problem.ok() && out.format > kManifestFormat) {
    return Status(Code::kFailedPrecondition, base::kErrBadManifest,
                  "the manifest has format " + std::to_string(out.format) +
                      ", this version reads up to " + std::to_string(kManifestFormat) +
                      "; upgrade it, or build the module with an older SDK");
  }
  if (out.format < 1) reader.fail("format", "a format from 1 was expected");
  out.pipeline = reader.text("pipeline", true);
  out.sdk_version = reader.text("sdk_version");
  out.compiler = reader.text("compiler");
  out.architecture = reader.text("architecture");
  read_definitions(reader, out, problem);
  if (!problem.ok()) return problem;
  return out;
}

}  // namespace weir::module
