// Metadata that stages and checks attach to their results, and the verdict of a check. Plain
// values.
// They are shown as JSON by the runtime.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

// A number of bytes, shown as "1.2 MiB".
struct ByteCount {
  std::uint64_t bytes = 0;
};
// An address, shown as a link.
struct Url {
  std::string text;
};

using MetaValue =
    std::variant<std::int64_t, double, bool, std::string, ByteCount, Url, std::chrono::nanoseconds>;

// One entry of metadata: a name and a number, text, truth value, duration, ByteCount or Url.
struct Meta {
  std::string name;
  MetaValue value;

  template <class V>
  Meta(std::string meta_name, V&& meta_value)
      : name(std::move(meta_name)), value(widen(std::forward<V>(meta_value))) {}

 private:
  template <class V>
  static MetaValue widen(V&& from) {
    using T = std::remove_cvref_t<V>;
    if constexpr (std::same_as<T, bool>) {
      return MetaValue(std::in_place_type<bool>, from);
    } else if constexpr (std::is_integral_v<T>) {
      return MetaValue(std::in_place_type<std::int64_t>, static_cast<std::int64_t>(from));
    } else if constexpr (std::is_floating_point_v<T>) {
      return MetaValue(std::in_place_type<double>, static_cast<double>(from));
    } else if constexpr (std::is_convertible_v<V, std::string_view>) {
      return MetaValue(std::in_place_type<std::string>, std::string_view(from));
    } else if constexpr (requires { std::chrono::duration_cast<std::chrono::nanoseconds>(from); }) {
      return MetaValue(std::chrono::duration_cast<std::chrono::nanoseconds>(from));
    } else {
      return MetaValue(std::forward<V>(from));
    }
  }
};

// What a check says about a value. Converts from bool.
class Verdict {
 public:
  Verdict(bool passed) : passed_(passed) {}

  // Why, in words: shown when the check failed.
  Verdict& because(std::string reason) & {
    reason_ = std::move(reason);
    return *this;
  }
  Verdict&& because(std::string reason) && { return std::move(because(std::move(reason))); }
  // Metadata that is kept with the result and plotted over time.
  template <class V>
  Verdict& meta(std::string name, V&& value) & {
    metadata_.emplace_back(std::move(name), std::forward<V>(value));
    return *this;
  }
  template <class V>
  Verdict&& meta(std::string name, V&& value) && {
    return std::move(meta(std::move(name), std::forward<V>(value)));
  }

  bool passed() const { return passed_; }
  const std::string& reason() const { return reason_; }
  const std::vector<Meta>& metadata() const { return metadata_; }

 private:
  bool passed_;
  std::string reason_;
  std::vector<Meta> metadata_;
};

// What a failed check means: kWarn is shown, kError makes the asset unhealthy, kBlocking keeps the
// value from becoming current and fails the task as check_failed.
enum class Severity { kWarn, kError, kBlocking };
inline constexpr Severity warn = Severity::kWarn;
inline constexpr Severity error = Severity::kError;
inline constexpr Severity blocking = Severity::kBlocking;

}  // namespace weir
