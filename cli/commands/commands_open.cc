// open: an address that lets one browser in, once, and the browser itself where there is a desktop.
// Other accounts of this machine can read the arguments of our processes, so the browser is given
// a file of ours that sends it on, never the code. Main thread.
#include <cstdlib>
#include <memory>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/child.h"
#include "base/endpoint.h"
#include "cli/commands/commands.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

constexpr const char* kOpener = "xdg-open";

bool desktop() {
  const auto has = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  return ::isatty(STDOUT_FILENO) == 1 && (has("DISPLAY") || has("WAYLAND_DISPLAY"));
}

std::string redirecting_page(const std::string& address) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>weir</title>\n"
         "<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<meta http-equiv=\"refresh\" content=\"0; url=" +
         address + "\"></head>\n<body></body></html>\n";
}

void open_browser(Invocation& invocation, const std::string& address) {
  const auto page = base::write_runtime_file("open.html", redirecting_page(address));
  base::ChildPlan plan;
  plan.group = base::ChildPlan::Group::kSession;  // it stays when this terminal goes
  if (page.ok()) plan.arguments = {kOpener, *page};
  auto started = page.ok() ? base::Child::start(plan) : base::Result<base::Child>(page.status());
  if (!started.ok()) {
    invocation.detail("no browser was opened: " + started.status().message());
    return;
  }
  started->release();
  invocation.note("opening a browser; if none appears, open the address in one");
}

int open(Invocation& invocation, bool only_print) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto made = (*api)->create_browser_address();
  if (!made.ok()) return invocation.fail(made.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(*made));
    return kExitOk;
  }
  invocation.data(made->address() + "\n");
  invocation.note("it lets one browser in, once, within " +
                  std::to_string(made->valid_seconds() / 60) + " minutes");
  if (!only_print && desktop()) open_browser(invocation, made->address());
  return kExitOk;
}

}  // namespace

void add_open_command(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand("open", "let a browser in: an address that works once");
  auto only_print = std::make_shared<bool>(false);
  command.add_flag("--print", *only_print, "open no browser, only print the address");
  command.callback([&invocation, &chosen, only_print] {
    chosen = [&invocation, only_print] { return open(invocation, *only_print); };
  });
}

}  // namespace weir::cli
