// What every command shares: the global options, the two output channels, and the connection, which
// is made when it is first wanted. Data goes to stdout, everything else to stderr. Main thread
// only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "cli/text/style.h"
#include "cli/text/table.h"

namespace google::protobuf {
class Message;
}
namespace weir::client {
class Api;
}

namespace weir::cli {

enum class OutputFormat { kTable, kWide, kJson, kJsonl, kName };
enum class ConsoleMode { kAuto, kRich, kPlain, kNone };

struct GlobalOptions {
  OutputFormat output = OutputFormat::kTable;
  ConsoleMode console = ConsoleMode::kAuto;
  std::string color = "auto";  // auto, always, never
  std::string scheduler;
  std::string token_file;
  std::string zone;
  bool quiet = false;
  int verbose = 0;
  bool yes = false;
};

// The process's exit codes; interface.md has the list.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCanceled = 3;
inline constexpr int kExitUnreachable = 4;
inline constexpr int kExitTimedOut = 5;
inline constexpr int kExitInterrupted = 130;
inline constexpr int kExitPipeClosed = 141;  // as a shell shows SIGPIPE

// The exit code that a failed command ends with.
int exit_code(const base::Status& status);

// Rows of a list in every format at once: a table, the items as messages, and their names.
struct Listing {
  explicit Listing(std::vector<Column> columns) : table(std::move(columns)) {}
  Table table;
  std::vector<std::string> names;
  std::vector<const google::protobuf::Message*> items;
  std::string nothing;  // said on stderr when there are no rows: what to type next
};

class Invocation {
 public:
  Invocation();
  ~Invocation();
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  GlobalOptions options;

  // After the options are parsed: colours, zone. INVALID_ARGUMENT for a zone that does not exist.
  base::Status start();

  // Connects on first use; later calls answer the same.
  base::Result<client::Api*> api();

  bool structured() const {  // json or jsonl: no prose on stdout
    return options.output == OutputFormat::kJson || options.output == OutputFormat::kJsonl;
  }
  bool wide() const { return options.output == OutputFormat::kWide; }
  const Painter& out_paint() const { return out_paint_; }
  const Painter& err_paint() const { return err_paint_; }
  // Of the terminal behind stdout or stderr, 0 when it is none.
  std::size_t out_width() const;
  std::size_t err_width() const;
  // Whether a display may redraw itself on stderr.
  bool rich() const;

  // Data, to stdout. Where that fails, the error is told once, and what comes later is dropped.
  void data(std::string_view text);
  // Whether data was lost: what goes on printing should end.
  bool data_lost() const { return data_error_ != 0; }
  // The exit code of a command that ended with `code`: one whose data was lost has not succeeded.
  // A reader that has seen enough is no error worth a line.
  int finish(int code) const;
  // A line for people, to stderr; not with --quiet.
  void note(std::string_view line);
  // A line to stderr only with -v.
  void detail(std::string_view line);
  void warn(std::string_view line);
  // Prints the error, with its number and advice, and gives the exit code.
  int fail(const base::Status& status);

  // Asks on a terminal whether to go on; --yes answers. INVALID_ARGUMENT when there is nobody to
  // ask, CANCELLED for anything but yes.
  base::Status confirm(const std::string& question);

  // Prints a list in the chosen format; `document` is what json prints.
  int print(const Listing& listing, const google::protobuf::Message& document);
  // One JSON document (one line with jsonl).
  void print_json(const base::Json& json);

 private:
  std::unique_ptr<client::Api> api_;
  Painter out_paint_{false};
  Painter err_paint_{false};
  int data_error_ = 0;  // errno of the write to stdout that failed
};

// The proto's JSON, all members present, as a document and as one line.
base::Json message_json(const google::protobuf::Message& message);

// A command's parsed arguments become the function to run; the last one that a parse chose wins.
using Chosen = std::function<int()>;

}  // namespace weir::cli
