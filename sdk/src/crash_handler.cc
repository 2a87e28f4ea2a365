// Runs inside a signal handler on a stack of its own, so it calls only what may be called there:
// write(2), and backtrace(3) after a first call outside has loaded its library. Lines are
// "module(+0xoffset) [0xaddress]": offsets outlive the process, so that a symboliser can name them
// later.
#include "sdk/src/crash_handler.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"

namespace weir::sdk_impl {
namespace {

constexpr std::size_t kStackBytes = 64u << 10;
constexpr int kFramesMax = 128;
constexpr std::array kSignals = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

void write_text(const char* text) {
  const std::size_t size = std::strlen(text);
  if (::write(STDERR_FILENO, text, size) < 0) return;  // nobody is left to be told
}

const char* signal_name(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV (segmentation fault)";
    case SIGABRT:
      return "SIGABRT (abort)";
    case SIGBUS:
      return "SIGBUS (bus error)";
    case SIGFPE:
      return "SIGFPE (arithmetic error)";
    case SIGILL:
      return "SIGILL (illegal instruction)";
    default:
      return "a signal";
  }
}

void write_address(const void* address) {
  char text[2 + 2 * sizeof(void*) + 1] = "0x";
  auto value = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = 2 * sizeof(void*); i > 0; --i, value >>= 4) {
    text[1 + i] = base::kHexDigits[value & 15];
  }
  write_text(text);
}

// The signal stays blocked until this returns; the one raised here is delivered then, with its
// default action.
void on_crash(int signal, siginfo_t* info, void*) {
  write_text("\nweir: the stage was ended by ");
  write_text(signal_name(signal));
  if (signal == SIGSEGV || signal == SIGBUS) {
    write_text(" at address ");
    write_address(info->si_addr);
  }
  write_text("; backtrace:\n");
  void* frames[kFramesMax];
  const int count = ::backtrace(frames, kFramesMax);
  ::backtrace_symbols_fd(frames, count, STDERR_FILENO);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void install_crash_handler() {
  static std::array<std::byte, kStackBytes> stack;  // a stack overflow leaves no room on the other
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  ::sigaltstack(&alternative, nullptr);
  void* frame = nullptr;
  ::backtrace(&frame, 1);  // loads the unwinder now: it cannot be loaded inside a handler
  for (const int signal : kSignals) {
    struct sigaction before {};
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace weir::sdk_impl
